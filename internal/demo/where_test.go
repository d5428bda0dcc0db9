package demo_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/demo/carrier"
	"github.com/edgeauth/edgeauth/internal/demo/places"
)

func TestWhoIsInOneOfThePlacesCanChooseAnother(t *testing.T) {
	body := page(t, "/", http.Header{"X-Forwarded-For": {"182.77.81.37"}}).Body.String()
	shows(t, body, `action="`+carrier.Path+`"`, `value="mumbai" id="city-mumbai" aria-current="true">Mumbai <small>UTC&#43;5:30<`, ">São Paulo <small>UTC−3<", ">Paris <small>UTC",
		"Airtel (AS24560)", "182.77.81.37", places.Attribution, places.AttributionURL)
	if n := strings.Count(body, `aria-current="true"`); n != 1 {
		t.Errorf("%d cities are marked", n)
	}
	if n := strings.Count(body, `name="city"`); n != len(places.Cities()) {
		t.Errorf("%d cities are offered", n)
	}
}

func TestWhoIsElsewhereIsOfferedNoPlaces(t *testing.T) {
	for _, from := range []string{"", "127.0.0.1", "203.0.113.9", "182.77.81.37, 10.0.0.1", "x"} {
		if body := page(t, "/", http.Header{"X-Forwarded-For": {from}}).Body.String(); strings.Contains(body, "<form") {
			t.Errorf("from %q places are offered", from)
		}
	}
}
