package agent

import (
	"strconv"
	"strings"
)

// readEngine finds the engine by the products that only its browsers name.
func (a *Agent) readEngine(l *line) {
	if l.has("Edge") { // before it became a Chromium, it named Chrome without being one
		return
	}
	for _, name := range [...]string{"Chrome", "HeadlessChrome", "Chromium"} {
		if version, found := l.version(name); found {
			a.Engine, a.Headless = Chromium, a.Headless || name == "HeadlessChrome"
			a.Since = number(version)
			return
		}
	}
	if version, found := l.version("Firefox"); found && l.has("Gecko") {
		a.Engine, a.Since = Gecko, number(version)
		return
	}
	if l.has("AppleWebKit") {
		version, _ := l.version("Version")
		a.Engine, a.Since = WebKit, number(version)
	}
}

func number(version string) int {
	n, _ := strconv.Atoi(digits(version))
	return n
}

// readFamily finds the browser: most of them add one product of their own to those that all name.
func (a *Agent) readFamily(l *line) {
	if name, version, found := crawler(l.comments); found {
		a.Family, a.Major, a.Kind = name, digits(version), Bot
		return
	}
	for _, p := range l.list[:l.n] {
		if !shared(p.name) {
			a.Family, a.Major, a.Proxied = usual(p.name), digits(p.version), proxied(p.name)
			return
		}
	}
	a.familyByEngine(l)
}

func (a *Agent) familyByEngine(l *line) {
	if version, found := after(l.comment, "Trident/"); found {
		a.Family, a.Major = "Internet Explorer", "11"
		if rv, found := after(version, "rv:"); found {
			a.Major = digits(rv)
		}
	}
	if version, found := after(l.comment, "MSIE "); found {
		a.Family, a.Major = "Internet Explorer", digits(version)
	}
	switch {
	case a.Engine == Chromium && strings.HasSuffix(l.comment, "; wv"):
		a.Family = "Android WebView"
	case a.Engine == Chromium && a.Headless:
		a.Family = "Headless Chrome"
	case a.Engine == Chromium && l.has("Chromium"):
		a.Family = "Chromium"
	case a.Engine == Chromium:
		a.Family = "Chrome"
	case a.Engine == WebKit && l.has("Safari"):
		a.Family = "Safari"
	case a.Engine == WebKit:
		a.Family = "WebKit"
	}
	if a.Since > 0 {
		a.Major = strconv.Itoa(a.Since)
	}
}

// shared reports whether a product says nothing of which browser it is.
func shared(name string) bool {
	switch name {
	case "Mozilla", "AppleWebKit", "Gecko", "KHTML", "like", "Chrome", "HeadlessChrome", "Chromium", "Safari", "Version", "Mobile",
		"Ubuntu", "Debian", "Fedora", "Linux", "Tablet", "TV":
		return true
	}
	return false
}

// usual is the name by which people know a browser. What is not in the list has its product's name.
func usual(name string) string {
	switch name {
	case "Edg", "EdgA", "EdgiOS":
		return "Edge"
	case "OPR", "OPT", "OPX", "OPiOS":
		return "Opera"
	case "CriOS":
		return "Chrome"
	case "FxiOS":
		return "Firefox"
	case "SamsungBrowser":
		return "Samsung Internet"
	case "YaBrowser":
		return "Yandex Browser"
	case "DuckDuckGo", "Ddg":
		return "DuckDuckGo"
	case "GSA":
		return "Google app"
	case "MiuiBrowser", "XiaoMi":
		return "Mi Browser"
	}
	return name
}

// proxied reports whether a browser is one whose maker's servers may fetch pages in its place.
func proxied(name string) bool {
	switch name {
	case "Silk", "Puffin", "UCBrowser", "UBrowser", "QQBrowser", "MQQBrowser":
		return true
	}
	return false
}

// crawler looks into the comments, where crawlers that pass for browsers give their name.
func crawler(comments string) (name, version string, found bool) {
	for part := range strings.FieldsFuncSeq(comments, func(r rune) bool { return r == ';' || r == '(' || r == ')' || r == ' ' || r == ',' }) {
		name, version, _ := strings.Cut(part, "/")
		if len(name) <= maxName && isName(name) && crawls(name) {
			return name, version, true
		}
	}
	return "", "", false
}

// crawls tells by a name. A maker of telephones calls itself Cubot.
func crawls(name string) bool {
	return !contains(name, "cubot") && (contains(name, "bot") || contains(name, "crawler") || contains(name, "spider"))
}

// contains looks for a word without regard to case, and without a copy.
func contains(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
