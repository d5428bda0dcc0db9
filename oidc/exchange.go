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

const opRedeem = "redeeming code"

// exchange spends the code (RFC 6749, 4.1.3).
func (p *Provider) exchange(ctx context.Context, doc *metadata.Document, r Redemption) (tokenAnswer, error) {
	return p.askToken(ctx, doc, opRedeem, func(ctx context.Context, client *oauth2.Config) error {
		client.RedirectURL = r.RedirectURI
		_, err := client.Exchange(ctx, r.Code, oauth2.VerifierOption(r.Verifier))
		return err
	})
}

// askToken makes one request to the token endpoint. x/oauth2 writes it; the answer is judged by us before it sees it.
func (p *Provider) askToken(ctx context.Context, doc *metadata.Document, op string, ask func(context.Context, *oauth2.Config) error) (tokenAnswer, error) {
	reach := p.channel.Reach(*doc.Token)
	client := &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret,
		Endpoint: oauth2.Endpoint{TokenURL: reach.String(), AuthStyle: p.authStyle()},
	}
	channel := p.channel.HTTP(backchannel.MaxTokenBody)
	judge := &tokenJudge{op: op, base: channel.Transport}
	channel.Transport = judge
	err := ask(context.WithValue(ctx, oauth2.HTTPClient, channel), client)
	if own, ok := errors.AsType[*Error](err); ok {
		return tokenAnswer{}, own
	}
	if err != nil {
		return tokenAnswer{}, transportError(op, err)
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
	op     string
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
		return nil, tokenRefusal(j.op, response.StatusCode, body)
	}
	if j.answer, err = parseTokenAnswer(j.op, backchannel.MediaType(response.Header), body); err != nil {
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

// tokenRefusal reads an error answer (RFC 6749, 5.2) for its code alone. Description and URI are the provider's words and
// go nowhere.
func tokenRefusal(op string, status int, body []byte) *Error {
	refusal := &Error{Kind: KindRefused, Op: op, Err: &backchannel.StatusError{Status: status}}
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
