package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

// atThePasskey is somebody with a passkey, whose tab shows Keycloak's page that asks for it, for the route /safe.
func atThePasskey(t *testing.T, who string) (realm, *browser.Tab, *browser.Authenticator) {
	t.Helper()
	r := startStepping(t, stepping{routes: "  - {path: /safe, upstream: page, level: high}\n"})
	r.keycloak.AddUser(keycloak.User{Name: who, Required: []string{keycloak.EnrolPasskey}})
	tab := tabIn(t, browser.Start(t), "berlin")
	device := tab.AddAuthenticator()
	tab.Open(r.URL + "/elsewhere")
	signIn(tab, who, who)
	tab.WaitVisible("#registerWebAuthn")
	tab.Click("#registerWebAuthn")
	at(t, tab, r, "/elsewhere", http.StatusOK)
	tab.Open(r.URL + "/safe")
	tab.WaitVisible("#authenticateWebAuthnButton")
	return r, tab, device
}

func Test_a_finger_that_is_not_recognised_changes_nothing_and_the_next_try_works(t *testing.T) {
	r, tab, device := atThePasskey(t, "hana")
	device.Recognise(false)
	tab.Click("#authenticateWebAuthnButton")
	within(t, tab, "body", "Failed to authenticate")
	tab.Screenshot("1-keycloak-does-not-recognise")
	tab.Open(r.URL + "/elsewhere")
	at(t, tab, r, "/elsewhere", http.StatusOK)
	meIn(t, tab).is(t, "after the failure", "normal", true, "pwd", "pwd")

	device.Recognise(true)
	confirmAt(t, tab, r, "/safe", "hana")
	at(t, tab, r, "/safe", http.StatusOK)
	meIn(t, tab).is(t, "after the next try", "normal", true, "bio", "pwd", "hwk")
}

func Test_the_back_button_leaves_a_step_up_and_does_not_undo_one(t *testing.T) {
	r, tab, _ := atThePasskey(t, "ines")
	tab.Back()
	at(t, tab, r, "/elsewhere", http.StatusOK)
	confirmAt(t, tab, r, "/safe", "ines")
	at(t, tab, r, "/safe", http.StatusOK)
	proven := meIn(t, tab)

	tab.Back()
	t.Logf("back from the route: %s, %q", tab.URL(), tab.Text("h1"))
	tab.Screenshot("back")
	tab.Open(r.URL + "/safe")
	at(t, tab, r, "/safe", http.StatusOK)
	after := meIn(t, tab)
	after.is(t, "after the back button", "normal", true, "bio", "pwd", "hwk")
	if after.Session != proven.Session {
		t.Error("the back button began another session")
	}
}

func Test_an_administrator_ends_the_session_at_Keycloak_during_a_step_up(t *testing.T) {
	const who = "jana"
	r, tab, _ := atThePasskey(t, who)
	family := r.Events("login_succeeded")[0]["session"]
	sessions := r.keycloak.Sessions(who)
	if len(sessions) != 1 {
		t.Fatalf("sessions at Keycloak: %v", sessions)
	}
	r.keycloak.EndSession(sessions[0].ID)
	r.Until("the edge has heard of it", func() bool { return len(r.Events("backchannel_logout")) == 1 })

	tab.Click("#authenticateWebAuthnButton")
	t.Logf("the passkey leads to %.60s, %q", tab.URL(), tab.Text("h1"))
	tab.Screenshot("1-after-the-passkey")
	if strings.HasPrefix(tab.URL(), r.keycloak.URL()) {
		confirmAt(t, tab, r, "/safe", who)
	}
	at(t, tab, r, "/safe", http.StatusOK)
	for _, e := range r.Events("step_up_proven") {
		if e["session"] == family {
			t.Errorf("the ended session was elevated: %v", e)
		}
	}
	if now := meIn(t, tab); now.Session == family {
		t.Errorf("the ended session lives: %+v", now)
	}
}
