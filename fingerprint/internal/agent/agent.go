// Package agent reads a User-Agent line (RFC 9110, 10.1.5): what browser and system it names. It must not know TLS or
// client hints. It is pure, needs time linear in the line, and copies nothing of a line but digits and names of products.
package agent

import "strings"

// MaxLine is how many bytes of a line are read.
const MaxLine = 1024

// Engine is what a line says that shows its pages.
type Engine uint8

// The engines. Those that no longer matter for anything (Presto, EdgeHTML, Trident) are Unknown.
const (
	Unknown Engine = iota
	Chromium
	Gecko
	WebKit
)

// Kind is what a line says that it runs on.
type Kind string

// The kinds.
const (
	Desktop Kind = "desktop"
	Mobile  Kind = "mobile"
	Tablet  Kind = "tablet"
	Bot     Kind = "bot" // by its own account, or a browser without a person
	Other   Kind = "other"
)

// System is the family of an operating system.
type System string

// The systems.
const (
	Windows  System = "Windows"
	Phone    System = "Windows Phone"
	MacOS    System = "macOS"
	IOS      System = "iOS"
	Android  System = "Android"
	ChromeOS System = "ChromeOS"
	Harmony  System = "HarmonyOS"
	Tizen    System = "Tizen"
	WebOS    System = "webOS"
	Linux    System = "Linux"
	BSD      System = "BSD"
)

// Agent is what a line says. Whatever it does not say is zero.
type Agent struct {
	Family string // of the browser or program: "Firefox"; letters, digits and ._- only, at most 32 bytes, spaces only where we name it
	Major  string // its major version: digits

	System  System
	Version string // major version of the system; "10.15" for a macOS of that time

	Kind   Kind
	Phone  bool // has the word by which browsers tell a phone from a tablet or desktop
	Engine Engine
	Since  int // major version of the engine's own browser: Chrome, Firefox or Safari; 0: unknown

	Headless bool
	Proxied  bool // a browser whose pages its maker's servers may fetch
}

// Parse reads a line.
func Parse(line string) Agent {
	l := scan(line[:min(len(line), MaxLine)])
	var a Agent
	a.readEngine(&l)
	a.readFamily(&l)
	a.readSystem(l.comment)
	a.Phone = l.has("Mobile") || strings.Contains(l.comment, "Mobile")
	a.readKind(&l)
	return a
}

// Browser is the family with its major version.
func (a *Agent) Browser() string { return join(a.Family, a.Major) }

// OS is the system with its major version.
func (a *Agent) OS() string { return join(string(a.System), a.Version) }

func join(name, version string) string {
	if version == "" {
		return name
	}
	return name + " " + version
}
