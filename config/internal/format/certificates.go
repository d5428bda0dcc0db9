package format

import "regexp"

// certName is a name of a certificate with its kind.
var certName = regexp.MustCompile(`^((cn|email|uri):[^\p{C}]{1,255}|dns:[a-z0-9*._-]{1,253})$`)
