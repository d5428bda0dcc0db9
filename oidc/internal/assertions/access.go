package assertions

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// AccessToken judges the claims of an access token (RFC 9068, section 4). Unlike an assertion it is used until it expires, so iat
// may lie any time back. Whatever marks another kind of token refuses it: the same keys sign them all (RFC 8725, 3.12).
func (r Rules) AccessToken(object claims.Object) (t Token, err error) {
	if t, err = r.named(object); err != nil {
		return t, err
	}
	if t.Issued, t.Expires, err = r.moments(object); err != nil {
		return t, err
	}
	if t.Sub == "" {
		return t, errors.New("sub is missing")
	}
	for _, name := range []string{"nonce", "at_hash", "c_hash", "s_hash", "events", "cnf"} {
		if object.Has(name) { // cnf binds it to a key or certificate whose possession nobody proves here
			return t, fmt.Errorf("it has %s, so it is no bearer token", name)
		}
	}
	if typ, ok, err := object.Text("typ", 40); err != nil || ok && !strings.EqualFold(typ, "Bearer") { // Keycloak tells its kinds by it
		return t, fmt.Errorf("it says of itself that it is %.40q", typ)
	}
	return t, nil
}

// moments are the times of a token that may be used until it expires.
func (r Rules) moments(object claims.Object) (issued, expires time.Time, err error) {
	if expires, err = object.MustTime("exp"); err != nil {
		return issued, expires, err
	}
	if issued, err = object.MustTime("iat"); err != nil {
		return issued, expires, err
	}
	begins, _, err := object.Time("nbf")
	switch {
	case err != nil:
	case !r.Now.Before(expires.Add(r.Skew)):
		err = fmt.Errorf("it has expired %v ago", r.Now.Sub(expires))
	case issued.After(r.Now.Add(r.Skew)):
		err = fmt.Errorf("it was issued %v from now", issued.Sub(r.Now))
	case begins.After(r.Now.Add(r.Skew)):
		err = fmt.Errorf("it begins %v from now", begins.Sub(r.Now))
	}
	return issued, expires, err
}
