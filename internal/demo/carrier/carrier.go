// Package carrier is the internet access that the demo pretends to have: a reverse proxy in front of the edge, whose
// requests come from a real network of the city that the browser chose. The edge trusts it, as it would a load balancer. It
// owns the choice and its cookie; it must not know the edge, nor what becomes of a place.
package carrier

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/edgeauth/edgeauth/internal/demo/places"
)

// Path is where a place is chosen: a POST of a form with city, the ID of one of places.Cities. All else goes to the edge.
const Path = "/demo-place"

// Home is the city of browsers that have not chosen another.
const Home = "berlin"

const cookieName = "edgeauth-demo-place"

// maxForm is the largest number of bytes of a form that chooses a place.
const maxForm = 4 << 10

type carrier struct {
	proxy *httputil.ReverseProxy
	guard *http.CrossOriginProtection
}

// New returns the carrier in front of the edge at an address, host and port, that speaks plain HTTP.
func New(edge string) http.Handler {
	return carrier{guard: http.NewCrossOriginProtection(), proxy: &httputil.ReverseProxy{
		Rewrite:       func(pr *httputil.ProxyRequest) { rewrite(pr, edge) },
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // bodies that broke off: mostly because the client left
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "The edge does not answer.", http.StatusBadGateway)
		},
	}}
}

func (c carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == Path {
		c.choose(w, r)
		return
	}
	c.proxy.ServeHTTP(w, r)
}

// choose sets the place's cookie. It is Lax, so that it comes along when the provider sends the browser back.
func (c carrier) choose(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "A place is chosen by a POST.", http.StatusMethodNotAllowed)
		return
	}
	if err := c.guard.Check(r); err != nil {
		http.Error(w, "A page of another site made this request.", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	city, known := places.Find(r.PostFormValue("city"))
	if !known {
		http.Error(w, "There is no such city.", http.StatusBadRequest)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: city.ID, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// rewrite says where the request comes from. What the client says of that has been removed by ReverseProxy; everything else
// stays as it came, for the edge to judge.
func rewrite(pr *httputil.ProxyRequest, edge string) {
	pr.Out.URL.Scheme, pr.Out.URL.Host = "http", edge
	pr.Out.URL.RawQuery = pr.In.URL.RawQuery
	pr.Out.Header["X-Forwarded-For"] = []string{chosen(pr.In).Addr().String()}
	hide(pr.Out.Header)
}

// chosen is the city of a request.
func chosen(r *http.Request) places.City {
	if c, err := r.Cookie(cookieName); err == nil {
		if city, known := places.Find(c.Value); known {
			return city
		}
	}
	city, _ := places.Find(Home)
	return city
}

// hide takes the place's cookie out of a request.
func hide(h http.Header) {
	var kept []string
	for _, line := range h["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(pair, "=")
			if strings.TrimSpace(name) != cookieName {
				kept = append(kept, strings.TrimSpace(pair))
			}
		}
	}
	if delete(h, "Cookie"); len(kept) > 0 {
		h.Set("Cookie", strings.Join(kept, "; "))
	}
}
