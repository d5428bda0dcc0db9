package web

import (
	"fmt"
	"strings"
	"time"
)

// insufficient is the error code of RFC 9470, section 3.
const insufficient = "insufficient_user_authentication"

// challenge is the WWW-Authenticate field of RFC 9470, section 3. Browsers ask no password for the scheme.
func (s *StepUp) challenge() string {
	out := `Bearer realm="edgeauth", error="` + insufficient + `", error_description="A stronger or newer authentication is needed"`
	if len(s.ACR) > 0 {
		out += fmt.Sprintf(`, acr_values="%s"`, quotable(strings.Join(s.ACR, " ")))
	}
	if s.MaxAge > 0 {
		out += fmt.Sprintf(`, max_age=%d`, s.MaxAge/time.Second)
	}
	return out
}

// quotable escapes what would end a quoted-string (RFC 9110, 5.6.4).
func quotable(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }
