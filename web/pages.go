package web

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
)

//go:embed pages/*.html pages/*.css
var files embed.FS

// Pages renders the edge's pages. It is safe for concurrent use.
type Pages struct {
	tmpl   *template.Template
	sheets map[string]sheet // by the name of Page.Sheet; that of most pages has none
}

// Page is one page to show.
type Page struct {
	Template    string // file name below pages, without .html
	Title       string
	Reason      string // shown small at the foot
	Status      int    // 200 if zero
	Data        any
	FormActions []string // origins, besides 'self', that a form of the page may lead to; nil and no form: 'none'
	HasForm     bool
	Wide        bool   // for lists
	Sheet       string // a style sheet of its own below pages, without .css, beside the one that all share
	RefreshTo   string // where the browser goes by itself: a path of this origin or an http(s) URL
	RefreshSecs int    // after how long; without RefreshTo the page loads itself again, unless this is zero too
}

// NewPages parses the embedded templates.
func NewPages() (*Pages, error) {
	sheets, err := readSheets("", "console")
	if err != nil {
		return nil, fmt.Errorf("reading the style sheets: %w", err)
	}
	tmpl, err := template.ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the pages: %w", err)
	}
	return &Pages{tmpl: tmpl, sheets: sheets}, nil
}

// sheet is the inline style of a page.
type sheet struct {
	style template.CSS
	hash  string // its CSP source
}

func readSheets(names ...string) (map[string]sheet, error) {
	shared, err := files.ReadFile("pages/style.css")
	sheets := map[string]sheet{}
	for _, name := range names {
		style := shared
		if name != "" && err == nil {
			var own []byte
			own, err = files.ReadFile("pages/" + name + ".css")
			style = slices.Concat(shared, own)
		}
		sheets[name] = sheet{template.CSS(style), cspHash(style)}
	}
	return sheets, err
}

// view is what every template sees.
type view struct {
	Title     string
	Reason    string
	Wide      bool
	Style     template.CSS
	RequestID string
	Data      any
}

// Render writes a page with the headers that pages have. An error of rendering is returned before anything was written.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, page Page) error {
	refresh, err := page.refresh()
	if err != nil {
		return err
	}
	sheet, ok := p.sheets[page.Sheet]
	if !ok {
		return fmt.Errorf("page %s wants style sheet %s, which there is not", page.Template, page.Sheet)
	}
	var body bytes.Buffer
	v := view{Title: page.Title, Reason: page.Reason, Wide: page.Wide, Style: sheet.style, RequestID: RecordOf(r.Context()).RequestID, Data: page.Data}
	if err := p.tmpl.ExecuteTemplate(&body, page.Template+".html", v); err != nil {
		return fmt.Errorf("rendering page %s: %w", page.Template, err)
	}
	h := w.Header()
	Harden(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", page.policy(sheet.hash))
	h.Set("X-Frame-Options", "DENY")
	if page.HasForm { // with no-referrer the post would carry `Origin: null`
		h.Set("Referrer-Policy", "same-origin")
	}
	if refresh != "" {
		h.Set("Refresh", refresh)
	}
	w.WriteHeader(cmp.Or(page.Status, http.StatusOK))
	_, _ = w.Write(body.Bytes()) // the client may have gone away: nothing is left to tell it
	return nil
}

// page shows an error; one that cannot be shown falls back to plain text.
func (p *Pages) page(w http.ResponseWriter, r *http.Request, e *Error) {
	shown := *e
	page := Page{Template: "error", Title: title(e), Reason: e.Reason, Status: e.Code, Data: &shown}
	switch {
	case e.RetryAfter > 0 && (e.RefreshTo != "" || r.Method != http.MethodPost):
		page.RefreshSecs, page.RefreshTo = e.retrySeconds(), e.RefreshTo
	default:
		shown.RetryAfter = 0 // the page must not promise a retry
	}
	if err := p.Render(w, r, page); err != nil {
		RecordOf(r.Context()).Note(errors.Join(e, err))
		Harden(w.Header())
		http.Error(w, title(e), e.Code)
	}
}
