// Package client speaks to the governance API for the command line: through an edge's control socket, or over the network. It owns how
// one connects and how errors and messages are shown. What is asked is its caller's.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
)

// Target is an API to speak to: either Socket or URL.
type Target struct {
	Socket string            // path of a control socket
	URL    string            // https://host:port, or http:// on loopback
	TLS    *tls.Config       // for https
	Header map[string]string // sent with each call: Authorization, for one
}

// Client is a connection to an API.
type Client struct {
	edgeauthv1.SessionServiceClient
	conn *grpc.ClientConn
}

// longestAnswer is more than a page of 500 sessions and all of one person's has, in bytes, each with texts as long as they may be.
const longestAnswer = 16 << 20

// New makes a client. It connects when something is asked.
func New(t Target) (*Client, error) {
	address, creds, err := t.resolve()
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(creds), grpc.WithUnaryInterceptor(t.unary), grpc.WithStreamInterceptor(t.stream),
		grpc.WithDisableServiceConfig(), grpc.WithNoProxy(), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(longestAnswer)))
	if err != nil {
		return nil, fmt.Errorf("preparing to speak to %s: %w", address, err)
	}
	return &Client{edgeauthv1.NewSessionServiceClient(conn), conn}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

func (t Target) resolve() (address string, creds credentials.TransportCredentials, err error) {
	if t.Socket != "" {
		return "unix:" + t.Socket, insecure.NewCredentials(), nil
	}
	u, err := url.Parse(t.URL)
	switch {
	case err != nil, u.Host == "", u.Port() == "", strings.Trim(u.Path, "/") != "", u.RawQuery != "":
		return "", nil, fmt.Errorf("%q is no address of an API: want https://host:port", t.URL)
	case u.Scheme == "https":
		return "dns:///" + u.Host, credentials.NewTLS(t.TLS), nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return "dns:///" + u.Host, insecure.NewCredentials(), nil
	}
	return "", nil, fmt.Errorf("%q is neither https nor http on loopback", t.URL)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (t Target) with(ctx context.Context) context.Context {
	for name, value := range t.Header {
		ctx = metadata.AppendToOutgoingContext(ctx, strings.ToLower(name), value)
	}
	return ctx
}

func (t Target) unary(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, o ...grpc.CallOption) error {
	return call(t.with(ctx), method, req, reply, conn, o...)
}

func (t Target) stream(ctx context.Context, d *grpc.StreamDesc, conn *grpc.ClientConn, method string, begin grpc.Streamer, o ...grpc.CallOption) (grpc.ClientStream, error) {
	return begin(t.with(ctx), d, conn, method, o...)
}

// Patiently makes a call, and makes it again after a second as long as the API says that there are too many, until the context ends: a
// command that asks for much is to be slow, not to fail in the middle. What it returns is the last answer.
func Patiently[T any](ctx context.Context, call func() (T, error)) (T, error) {
	for {
		answer, err := call()
		if status.Code(err) != codes.ResourceExhausted {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return answer, err
		case <-time.After(time.Second):
		}
	}
}

// longestSaid is more than an edge ever says in an error, in bytes.
const longestSaid = 2000

// Said is an API's error as people read it: what the edge said, without the protocol's words around it, and fit for a terminal.
func Said(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(audit.Text(status.Convert(err).Message(), longestSaid))
}

// Message is a message of the API.
type Message = proto.Message

// JSON is a message as the REST form of the API writes it, indented: the same bytes for the same message, which protojson, whose white
// space varies from build to build, does not promise.
func JSON(m Message) ([]byte, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
