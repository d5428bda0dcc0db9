package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages/*.html pages/*.css
var files embed.FS

// Pages renders the edge's pages. It is safe for concurrent use.
type Pages struct {
	tmpl  *template.Template
	style template.CSS
	hash  string // CSP source of the inline style
}

// Page is one page to show.
type Page struct {
	Template    string // file name below pages, without .html
	Title       string
	Reason      string // shown small at the foot
	Status      int
	Data        any
	FormActions []string // origins, besides 'self', that a form of the page may lead to; nil and no form: 'none'
	HasForm     bool
	RefreshTo   string // set: the browser goes there by itself
	RefreshSecs int
}

// NewPages parses the embedded templates.
func NewPages() (*Pages, error) {
	style, err := files.ReadFile("pages/style.css")
	if err != nil {
		return nil, fmt.Errorf("reading the style sheet: %w", err)
	}
	tmpl, err := template.ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the pages: %w", err)
	}
	return &Pages{tmpl: tmpl, style: template.CSS(style), hash: cspHash(style)}, nil
}

// view is what every template sees.
type view struct {
	Title     string
	Reason    string
	Style     template.CSS
	RequestID string
	Data      any
}

// Render writes a page with the headers that pages have. An error of rendering is returned before anything was written.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, page Page) error {
	var body bytes.Buffer
	v := view{Title: page.Title, Reason: page.Reason, Style: p.style, RequestID: RecordOf(r.Context()).RequestID, Data: page.Data}
	if err := p.tmpl.ExecuteTemplate(&body, page.Template+".html", v); err != nil {
		return fmt.Errorf("rendering page %s: %w", page.Template, err)
	}
	h := w.Header()
	Harden(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy(page))
	h.Set("X-Frame-Options", "DENY")
	if page.HasForm { // with no-referrer the post would carry `Origin: null`
		h.Set("Referrer-Policy", "same-origin")
	}
	if page.RefreshTo != "" {
		h.Set("Refresh", fmt.Sprintf("%d;url=%s", page.RefreshSecs, page.RefreshTo))
	}
	w.WriteHeader(page.Status)
	_, err := w.Write(body.Bytes())
	_ = err // the client went away: nothing is left to tell it
	return nil
}

func (p *Pages) policy(page Page) string {
	form := "'none'"
	if page.HasForm {
		form = strings.Join(append([]string{"'self'"}, page.FormActions...), " ")
	}
	return "default-src 'none'; style-src '" + p.hash + "'; img-src data:; base-uri 'none'; form-action " + form + "; frame-ancestors 'none'"
}

// page shows an error. A 500 of the page itself falls back to plain text.
func (p *Pages) page(w http.ResponseWriter, r *http.Request, e *Error) {
	page := Page{Template: "error", Title: title(e), Reason: e.Reason, Status: e.Code, Data: e}
	if e.RetryAfter > 0 {
		page.RefreshSecs, page.RefreshTo = int(e.RetryAfter.Seconds()), e.RefreshTo
		if page.RefreshTo == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			page.RefreshTo = r.URL.RequestURI()
		}
	}
	if err := p.Render(w, r, page); err != nil {
		http.Error(w, title(e), e.Code)
	}
}
