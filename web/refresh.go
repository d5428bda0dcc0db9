package web

import (
	"fmt"
	"strings"
)

// refresh is the value of the Refresh field (HTML, "shared declarative refresh steps"), or "". The page's own address is
// never repeated in it: a path like //other.test/ would be read as another host there.
func (p Page) refresh() (string, error) {
	switch {
	case p.RefreshTo == "" && p.RefreshSecs <= 0:
		return "", nil
	case p.RefreshTo == "":
		return fmt.Sprint(p.RefreshSecs), nil
	case !mayRefresh(p.RefreshTo):
		return "", fmt.Errorf("page %s refreshes to %q, which is neither a path nor an http(s) URL", p.Template, p.RefreshTo)
	}
	return fmt.Sprintf("%d;url=%s", max(p.RefreshSecs, 0), p.RefreshTo), nil
}

func mayRefresh(to string) bool {
	for _, c := range []byte(to) { // browsers drop tabs and line ends before they look for a second slash
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	if path, ok := strings.CutPrefix(to, "/"); ok {
		return !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, `\`)
	}
	return strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "http://")
}
