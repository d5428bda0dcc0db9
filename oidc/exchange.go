package oidc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/edgeauth/edgeauth/oidc/internal/backchannel"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
	"github.com/edgeauth/edgeauth/oidc/internal/metadata"
)

// tokenAnswer is what of a token endpoint's answer a login needs (RFC 6749, 5.1).
type tokenAnswer struct {
	accessToken string
	idToken     string
}

const opRedeem = "redeeming code"

// exchange spends the code (RFC 6749, 4.1.3). x/oauth2 writes the request; the answer is judged by us before it sees it.
func (p *Provider) exchange(ctx context.Context, doc *metadata.Document, r Redemption) (tokenAnswer, error) {
	reach := p.channel.Reach(*doc.Token)
	client := oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, RedirectURL: r.RedirectURI,
		Endpoint: oauth2.Endpoint{TokenURL: reach.String(), AuthStyle: p.authStyle()},
	}
	channel := p.channel.HTTP(backchannel.MaxTokenBody)
	judge := &tokenJudge{base: channel.Transport}
	channel.Transport = judge
	ctx = context.WithValue(ctx, oauth2.HTTPClient, channel)
	_, err := client.Exchange(ctx, r.Code, oauth2.VerifierOption(r.Verifier))
	if own, ok := errors.AsType[*Error](err); ok {
		return tokenAnswer{}, own
	}
	if err != nil {
		return tokenAnswer{}, transportError(opRedeem, err)
	}
	return judge.answer, nil
}

func (p *Provider) authStyle() oauth2.AuthStyle {
	if p.config.ClientAuth == ClientAuthPost {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// tokenJudge is the transport of one exchange. It turns every answer into an *Error or into a plain, checked one, so
// that no body of the provider's ends up in an error of x/oauth2.
type tokenJudge struct {
	base   http.RoundTripper
	answer tokenAnswer
}

// RoundTrip implements http.RoundTripper.
func (j *tokenJudge) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("Accept", "application/json")
	response, err := j.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, tokenRefusal(response.StatusCode, body)
	}
	if j.answer, err = parseTokenAnswer(backchannel.MediaType(response.Header), body); err != nil {
		return nil, err
	}
	return j.restate(response)
}

// restate writes the answer anew with what x/oauth2 needs, and nothing else.
func (j *tokenJudge) restate(response *http.Response) (*http.Response, error) {
	body, err := json.Marshal(map[string]string{"access_token": j.answer.accessToken, "token_type": "Bearer"})
	if err != nil {
		return nil, fmt.Errorf("restating answer: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	return response, nil
}

// parseTokenAnswer ignores expires_in and refresh_token: a login keeps neither token.
func parseTokenAnswer(mediaType string, body []byte) (answer tokenAnswer, err error) {
	if mediaType != "application/json" {
		return answer, unusable(opRedeem, "the content type is %.60q, not application/json", mediaType)
	}
	object, err := claims.Parse(body)
	if err != nil {
		return answer, judged(opRedeem, err)
	}
	if object.Has("error") { // some providers say so with status 200
		return answer, tokenRefusal(http.StatusBadRequest, body)
	}
	kind, err := needed(object, "token_type", 40)
	if err != nil {
		return answer, err
	}
	if !strings.EqualFold(kind, "bearer") {
		return answer, invalid(opRedeem, "token_type is not Bearer")
	}
	if answer.accessToken, err = needed(object, "access_token", backchannel.MaxTokenBody); err != nil {
		return answer, err
	}
	answer.idToken, err = needed(object, "id_token", backchannel.MaxTokenBody)
	return answer, err
}

// needed reads a text that every token answer has.
func needed(object claims.Object, name string, limit int) (string, error) {
	text, _, err := object.Text(name, limit)
	if err != nil {
		return "", judged(opRedeem, err)
	}
	if text == "" {
		return "", invalid(opRedeem, "%s is missing or empty", name)
	}
	return text, nil
}

// tokenRefusal reads an error answer (RFC 6749, 5.2) for its code alone. Description and URI are the provider's words and
// go nowhere.
func tokenRefusal(status int, body []byte) *Error {
	refusal := &Error{Kind: KindRefused, Op: opRedeem, Err: &backchannel.StatusError{Status: status}}
	if object, err := claims.Parse(body); err == nil {
		if code, _, err := object.Text("error", 40); err == nil && IsErrorCode(code) {
			refusal.Code = code
		}
	}
	switch {
	case slices.Contains([]string{"temporarily_unavailable", "server_error"}, refusal.Code), refusal.Code == "" && status < 300:
		refusal.Kind = KindUnavailable
	case slices.Contains([]string{"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}, refusal.Code),
		refusal.Code == "" && status != http.StatusBadRequest:
		refusal.Kind = KindConfig
	case refusal.Code == "":
		refusal.Kind = KindInvalid
	}
	return refusal
}

// IsErrorCode reports whether code has the form of a registered OAuth error code, [a-z_]{1,40}. Only such a code of the
// provider's may stand on a page, in a log or in a metric.
func IsErrorCode(code string) bool {
	return code != "" && len(code) <= 40 && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") == ""
}
