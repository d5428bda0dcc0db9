package keycloak

import (
	"errors"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// form is what a browser would send when the form of a page is submitted.
type form struct {
	action string
	fields url.Values
}

// firstForm finds the first form of page. Only inputs with a name and a value count; buttons do not.
func firstForm(page Page) (form, error) {
	root, err := html.Parse(strings.NewReader(page.Body))
	if err != nil {
		return form{}, err
	}
	for node := range root.Descendants() {
		if node.Type != html.ElementNode || node.Data != "form" {
			continue
		}
		action, err := page.URL.Parse(attribute(node, "action"))
		if err != nil {
			return form{}, err
		}
		return form{action: action.String(), fields: inputs(node)}, nil
	}
	return form{}, errors.New("the page has no form")
}

func inputs(node *html.Node) url.Values {
	fields := url.Values{}
	for n := range node.Descendants() {
		name := attribute(n, "name")
		if n.Type != html.ElementNode || n.Data != "input" || name == "" {
			continue
		}
		switch attribute(n, "type") {
		case "submit", "button", "checkbox", "radio":
		default:
			fields.Set(name, attribute(n, "value"))
		}
	}
	return fields
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
