package agent

import "strings"

// readSystem reads the first comment: (Windows NT 10.0; Win64; x64). The order matters: Android says Linux as well, an
// iPhone says Mac OS X.
func (a *Agent) readSystem(comment string) {
	for _, s := range systems {
		if rest, found := after(comment, s.word); found {
			a.System = s.system
			if s.version != nil {
				a.Version = s.version(rest)
			}
			return
		}
	}
}

// Constant table: read only.
var systems = []struct {
	word    string
	system  System
	version func(rest string) string
}{
	{"Windows Phone", Phone, numbered},
	{"Windows NT ", Windows, windows},
	{"iPhone", IOS, apple},
	{"iPad", IOS, apple},
	{"iPod", IOS, apple},
	{"Macintosh", MacOS, mac},
	{"OpenHarmony", Harmony, numbered},
	{"Android", Android, numbered},
	{"CrOS", ChromeOS, nil}, // its number stands still
	{"Tizen", Tizen, numbered},
	{"Web0S", WebOS, nil},
	{"Windows", Windows, nil},
	{"Linux", Linux, nil},
	{"FreeBSD", BSD, nil},
	{"OpenBSD", BSD, nil},
	{"NetBSD", BSD, nil},
}

func numbered(rest string) string { return digits(strings.TrimPrefix(rest, " ")) }

// windows names the version as people do. 11 says that it is 10.
func windows(rest string) string {
	switch {
	case strings.HasPrefix(rest, "10.0"):
		return "10"
	case strings.HasPrefix(rest, "6.3"):
		return "8.1"
	case strings.HasPrefix(rest, "6.2"):
		return "8"
	case strings.HasPrefix(rest, "6.1"):
		return "7"
	case strings.HasPrefix(rest, "6.0"):
		return "Vista"
	case strings.HasPrefix(rest, "5."):
		return "XP"
	}
	return digits(rest)
}

// apple reads "; CPU iPhone OS 18_5 like Mac OS X" or "; CPU OS 17_5 like Mac OS X".
func apple(rest string) string {
	rest, _ = after(rest, "OS ")
	return digits(rest)
}

// mac reads "; Intel Mac OS X 10_15_7", at which browsers stand still, or 10.15.
func mac(rest string) string {
	rest, _ = after(rest, "Mac OS X ")
	major := digits(rest)
	if major != "10" || len(rest) < 3 {
		return major
	}
	if minor := digits(rest[3:]); minor != "" {
		return "10." + minor
	}
	return major
}

// readKind follows what makers write: phones say Mobile, tablets with Android do not.
func (a *Agent) readKind(l *line) {
	switch {
	case a.Kind == Bot || a.Headless || crawls(a.Family):
		a.Kind = Bot
	case a.System == Tizen || a.System == WebOS || strings.Contains(l.comment, "TV"):
		a.Kind = Other
	case strings.Contains(l.comment, "iPad") || strings.Contains(l.comment, "Tablet"):
		a.Kind = Tablet
	case a.System == IOS || a.System == Phone || a.System == Harmony:
		a.Kind = Mobile
	case a.System == Android:
		a.Kind = Tablet
		if a.Phone || a.Engine == Unknown {
			a.Kind = Mobile
		}
	case a.System != "" && l.has("Mozilla"):
		a.Kind = Desktop
	default:
		a.Kind = Other
	}
}
