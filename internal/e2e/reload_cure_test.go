package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func Test_a_refused_configuration_is_taken_when_the_secret_that_it_names_arrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	secret := filepath.Join(e.Dir, "secret")
	w.routes = extra
	e.Configure(strings.Replace(w.config(""), "client_secret: "+clientSecret, "client_secret_file: "+secret, 1))
	e.Until("the configuration is refused", func() bool { return len(e.Events("config_refused")) > 0 })
	if err := os.WriteFile(secret, []byte(clientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Until("the new route is there", func() bool { status, _ := e.Get(e.URL + "/extra"); return status == http.StatusOK })
	if n := len(e.Events("config_refused")); n != 1 {
		t.Errorf("it was refused aloud %d times", n)
	}
}
