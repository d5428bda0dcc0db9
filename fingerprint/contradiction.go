package fingerprint

import (
	"github.com/edgeauth/edgeauth/fingerprint/internal/agent"
	"github.com/edgeauth/edgeauth/fingerprint/internal/hint"
)

// contradictions compares the three sources of what is known. Only what no honest browser can show is one.
func contradictions(a *agent.Agent, h *hint.Hints, ja4 string) []string {
	return append(byHints(a, h), byHello(a, ja4)...)
}

// byHints compares the User-Agent with client hints, which come from the same build of the same browser. Firefox and
// Safari send none, and a browser may be told to send none: their absence says nothing.
func byHints(a *agent.Agent, h *hint.Hints) (found []string) {
	if !h.Brands.Has("Chromium") {
		return nil
	}
	switch {
	case a.Engine == agent.Gecko:
		found = append(found, "client hints of a Chromium, but the User-Agent says Firefox")
	case a.Engine == agent.WebKit && a.System != agent.IOS:
		found = append(found, "client hints of a Chromium, but the User-Agent says Safari")
	}
	if h.Brands.Has("HeadlessChrome") && a.Engine == agent.Chromium && !a.Headless {
		found = append(found, "client hints of a headless Chromium, but the User-Agent hides it")
	}
	if s, known := platform(h.Platform); known && a.System != "" && s != a.System && !desktopSite(s, a) {
		found = append(found, "client hints say "+string(s)+", but the User-Agent says "+string(a.System))
	}
	if h.Mobile == hint.Yes && onDesk(a.System) {
		found = append(found, "client hints say mobile, but the User-Agent says "+string(a.System))
	}
	if h.Mobile == hint.No && a.System == agent.Android && a.Phone {
		found = append(found, "client hints say that it is not mobile, but the User-Agent says that it is")
	}
	return found
}

// platform translates the names that Chromium gives; others say nothing.
func platform(name string) (agent.System, bool) {
	switch name {
	case "Windows":
		return agent.Windows, true
	case "macOS":
		return agent.MacOS, true
	case "Linux":
		return agent.Linux, true
	case "Chrome OS", "Chromium OS":
		return agent.ChromeOS, true
	case "Android":
		return agent.Android, true
	}
	return "", false
}

// desktopSite reports whether a telephone asks for the page of a desktop: it then says Linux, and not every browser
// changes its hints with it.
func desktopSite(hinted agent.System, a *agent.Agent) bool {
	return hinted == agent.Android && a.System == agent.Linux
}

func onDesk(s agent.System) bool {
	return s == agent.Windows || s == agent.MacOS || s == agent.ChromeOS
}
