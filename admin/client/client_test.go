package client_test

import (
	"testing"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

func TestJSONHasTheSameWhiteSpaceInEveryBuild(t *testing.T) {
	got, err := client.JSON(&edgeauthv1.Session{Name: "a  b", Subject: &edgeauthv1.Subject{Sub: "x"}, Amr: []string{"pwd", "otp"}})
	want := `{
  "name": "a  b",
  "subject": {
    "issuer": "",
    "sub": "x"
  },
  "provider": "",
  "host": "",
  "state": "SESSION_STATE_UNSPECIFIED",
  "level": "",
  "reasons": [],
  "username": "",
  "display_name": "",
  "email": "",
  "acr": "",
  "amr": [
    "pwd",
    "otp"
  ],
  "provider_session": "",
  "unproven_level": ""
}
`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}
