package admin

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/edgeauth/edgeauth/web"
)

// refreshSecs is how often the page loads itself again.
const refreshSecs = 5

// console shows an overview to people and to programs. It offers nothing to do.
type console struct {
	overview func() Overview
	checks   []Check
	pages    *web.Pages
	log      *slog.Logger
}

func (c console) look() Overview {
	o := c.overview()
	o.Health = ask(c.checks)
	return o
}

func (c console) page(w http.ResponseWriter, r *http.Request) {
	o := c.look()
	err := c.pages.Render(w, r, web.Page{Template: "console", Title: o.Edge.Name, Data: o, Wide: true, Sheet: "console", RefreshSecs: refreshSecs})
	if err != nil {
		c.log.Error("the console cannot be shown", "error", err)
		http.Error(w, "The console cannot be shown; the log says why.", http.StatusInternalServerError)
	}
}

func (c console) json(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	body := json.NewEncoder(w)
	body.SetIndent("", "  ")
	_ = body.Encode(c.look()) // a caller who has gone needs no answer
}
