package page

import "net/http"

// Form is what a page that asks for a factor shows and where it leads. Its second button sends the field cancel.
type Form struct {
	Action   string // where it is sent
	Next     string // the address to which a right answer leads
	Username string // filled in already, or who is signed in
	Wrong    string // message above the form, "" for none
}

func (f Form) view(title string) view {
	return view{Title: title, Action: f.Action, Username: f.Username, Wrong: f.Wrong}
}

// Login asks for name and password: the fields username and password. The password of the demo accounts is their name.
func (b *Book) Login(w http.ResponseWriter, f Form, demo []string) {
	v := f.view("Sign in")
	v.Demo = demo
	b.show(w, http.StatusOK, "login.html", v, f.Next)
}

// Code asks for a one-time code, the field code. The page shows the one of the demonstration, "" for none.
func (b *Book) Code(w http.ResponseWriter, f Form, demo string) {
	v := f.view("One-time code")
	v.Code = demo
	b.show(w, http.StatusOK, "code.html", v, f.Next)
}

// Fingerprint asks to press a button that stands for a touch of a sensor: the field do is touch.
func (b *Book) Fingerprint(w http.ResponseWriter, f Form) {
	b.show(w, http.StatusOK, "fingerprint.html", f.view("Touch the sensor"), f.Next)
}

// Enrolment asks to register a fingerprint by a button: the field do is enrol.
func (b *Book) Enrolment(w http.ResponseWriter, f Form) {
	b.show(w, http.StatusOK, "enrolment.html", f.view("Register a fingerprint"), f.Next)
}
