package api_test

import (
	"os"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/audit"
)

// oldClient knows the API as it was promised and nothing of the code here.
type oldClient struct {
	t       *testing.T
	service protoreflect.ServiceDescriptor
	conn    *grpc.ClientConn
}

func newOldClient(t *testing.T, w *world) *oldClient {
	t.Helper()
	kept, err := os.ReadFile("../../proto/kept/edgeauth.v1.binpb")
	if err != nil {
		t.Fatal(err)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(kept, &set); err != nil {
		t.Fatal(err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		t.Fatal(err)
	}
	d, err := files.FindDescriptorByName("edgeauth.v1.SessionService")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(w.server.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &oldClient{t: t, service: d.(protoreflect.ServiceDescriptor), conn: conn}
}

// messages makes the request of a method from JSON, and an empty answer.
func (c *oldClient) messages(method, request string) (path string, req, resp *dynamicpb.Message) {
	c.t.Helper()
	m := c.service.Methods().ByName(protoreflect.Name(method))
	req, resp = dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
	if err := protojson.Unmarshal([]byte(request), req); err != nil {
		c.t.Fatal(err)
	}
	return "/" + string(c.service.FullName()) + "/" + method, req, resp
}

func text(m protoreflect.Message, names ...protoreflect.Name) string {
	for _, n := range names[:len(names)-1] {
		f := m.Descriptor().Fields().ByName(n)
		if f.IsList() {
			m = m.Get(f).List().Get(0).Message()
		} else {
			m = m.Get(f).Message()
		}
	}
	f := m.Descriptor().Fields().ByName(names[len(names)-1])
	if f.Enum() != nil {
		return string(f.Enum().Values().ByNumber(m.Get(f).Enum()).Name())
	}
	return m.Get(f).String()
}

func TestAClientMadeFromThePromisedContractWorks(t *testing.T) {
	w := newWorld(t, withSessions, func(_ *world, o *api.Options) { o.Explain = fixed{} })
	c := newOldClient(t, w)
	const person = `{"provider":"corp","sub":"alice"}`
	for _, x := range []struct {
		method, request string
		field           []protoreflect.Name
		want            string
	}{
		{"GetSession", `{"session":"` + family(3).String() + `"}`, []protoreflect.Name{"session", "subject", "sub"}, "bob"},
		{"GetSession", `{"session":"` + family(1).String() + `"}`, []protoreflect.Name{"session", "state"}, "SESSION_STATE_ACTIVE"},
		{"ListSessions", `{"subject":` + person + `,"page_size":10}`, []protoreflect.Name{"sessions", "place", "city"}, "Berlin"},
		{"RaiseLevel", `{"subject":` + person + `,"level":"high","reason":"r"}`, []protoreflect.Name{"delivery"}, "DELIVERY_DELIVERED"},
		{"RevokeSession", `{"session":"` + family(1).String() + `","reason":"r"}`, []protoreflect.Name{"delivery"}, "DELIVERY_DELIVERED"},
		{"RevokeSessions", `{"subject":` + person + `}`, []protoreflect.Name{"delivery"}, "DELIVERY_DELIVERED"},
		{"RevokeSessions", `{"everybody":true}`, []protoreflect.Name{"delivery"}, "DELIVERY_DELIVERED"},
		{"Explain", `{"url":"/","subject":` + person + `,"at":"2026-11-23T08:00:00Z"}`, []protoreflect.Name{"action"}, "allow"},
	} {
		path, req, resp := c.messages(x.method, x.request)
		if err := c.conn.Invoke(t.Context(), path, req, resp); err != nil {
			t.Errorf("%s %s: %v", x.method, x.request, err)
		} else if got := text(resp, x.field...); got != x.want {
			t.Errorf("%s %s: %v is %q, want %q", x.method, x.request, x.field, got, x.want)
		}
	}
	path, req, resp := c.messages("ListEvents", `{"names":["logout"]}`)
	s, err := c.conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, path)
	if err == nil {
		err = s.SendMsg(req)
	}
	if err == nil {
		err = s.CloseSend()
	}
	if err == nil {
		_, err = s.Header()
	}
	if err != nil {
		t.Fatal(err)
	}
	w.hub.Publish(&audit.Event{ID: "a", Name: audit.Logout})
	if err := s.RecvMsg(resp); err != nil || text(resp, "event", "name") != "logout" {
		t.Errorf("ListEvents: %v %v", resp, err)
	}
}
