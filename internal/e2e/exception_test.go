package e2e_test

import (
	"io"
	"net/http"
	"testing"
)

// walk asks for the first page from another city, with the session that there is.
func (v *traveller) walk(city string) {
	v.t.Helper()
	v.at = address(v.t, city)
	resp, err := v.http.Get(v.edge.URL + "/")
	if err != nil {
		v.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		v.t.Fatalf("from %s: %d", city, resp.StatusCode)
	}
}

func Test_an_exception_for_a_group_holds_for_sessions_that_move_though_no_route_names_the_group(t *testing.T) {
	t.Parallel()
	for exceptions, raised := range map[string]int{
		"  exceptions: [{groups: [staff], exempt: [impossible_travel]}]\n":  0,
		"  exceptions: [{groups: [pilots], exempt: [impossible_travel]}]\n": 1,
	} {
		e := newWorld(t).placed(t, exceptions)
		v := newTraveller(t, e)
		v.login("berlin")
		v.walk("tokyo")
		if got := e.Events("login_assessed"); len(got) != 2 {
			t.Errorf("%sassessed were %v", exceptions, got)
		}
		if got := e.Events("level_raised"); len(got) != raised {
			t.Errorf("%sraised were %v, want %d", exceptions, got, raised)
		}
	}
}
