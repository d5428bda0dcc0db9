package idptest_test

import (
	"net/url"
	"testing"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
)

func TestEveryPageIsPassedInChromium(t *testing.T) {
	alice, carol := idptest.Password("alice", "alice"), idptest.Password("carol", "carol")
	for name, c := range map[string]struct {
		acr   string
		steps []idptest.Step
		want  string
	}{
		"fingerprint": {"bio", []idptest.Step{alice, idptest.Touch()}, "code"},
		"code":        {"mfa", []idptest.Step{alice, idptest.Code("000000"), idptest.Code(idp.DemoCode)}, "code"},
		"enrolment":   {"bio", []idptest.Step{carol, idptest.Enrol()}, "code"},
		"cancelled":   {"mfa", []idptest.Step{carol, idptest.Cancel()}, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			a, tab := startApplication(t), browser.Start(t, "--window-size=480,900").NewTab()
			tab.Open(a.login(c.acr))
			for i, step := range c.steps {
				tab.Screenshot(string('1'+rune(i)) + "-page")
				idptest.Drive(tab, step)
			}
			to, err := url.Parse(tab.URL())
			if err != nil || !to.Query().Has(c.want) || tab.Text("p") != "back" {
				t.Errorf("the browser ends at %s (%v), want %s at the callback", tab.URL(), err, c.want)
			}
		})
	}
}
