package policy

import "strings"

// emailUnmet compares an address with the route's. Small and capital letters of ASCII are the same; all other
// characters must be identical, since Unicode's folding makes one address of several (the Kelvin sign and k).
func emailUnmet(want []string, s *Session) Reason {
	if !s.EmailVerified {
		return EmailUnverified
	}
	domain, ok := domainOf(s.Email)
	if !ok {
		return EmailMismatch
	}
	for _, w := range want {
		if d, any := strings.CutPrefix(w, "*@"); any && equalASCII(d, domain) || equalASCII(w, s.Email) {
			return ""
		}
	}
	return EmailMismatch
}

// domainOf fails unless the address has exactly one @ with something on both sides, counting the characters that turn
// into @ when text is normalised (NFKC): mail systems disagree about which part of another address is the domain.
func domainOf(email string) (string, bool) {
	local, domain, ok := strings.Cut(email, "@")
	return domain, ok && local != "" && domain != "" && !strings.Contains(domain, "@") && !strings.ContainsAny(email, "\uff20\ufe6b")
}

func equalASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
