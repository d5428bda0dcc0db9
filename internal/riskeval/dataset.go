package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

// columns are those of the published data set (das-group/rba-dataset, CC BY 4.0) that are read, by name; others may stand
// between them.
func columns() []string {
	return []string{
		"Login Timestamp", "User ID", "IP Address", "Country", "ASN", "User Agent String", "Browser Name and Version", "OS Name and Version",
		"Device Type", "Login Successful", "Is Attack IP", "Is Account Takeover",
	}
}

// Dataset is what was read from a file in those columns.
type Dataset struct {
	*Population
	Failed    int // rows left out: logins that did not succeed
	Skipped   int // and those that could not be read
	attacks   []policy.Sighting
	countries map[string][]policy.Sighting
	systems   map[policy.Hash][]policy.Sighting
	all       []policy.Sighting
}

// ReadDataset reads at most so many rows; 0: all. Only successful logins that are no takeovers become the users' histories. The
// data holds no device cookies, no TLS hellos and no coordinates: those signals are unknown.
func ReadDataset(r io.Reader, rows int) (*Dataset, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	at, err := positions(header)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Population: &Population{}, countries: map[string][]policy.Sighting{}, systems: map[policy.Hash][]policy.Sighting{}}
	users := map[string]int{}
	var order []Login
	for n := 0; rows == 0 || n < rows; n++ {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading row %d: %w", n+1, err)
		}
		order = d.row(record, at, users, order)
	}
	d.arrange(order, len(users))
	return d, nil
}

func positions(header []string) (map[string]int, error) {
	at := map[string]int{}
	for i, name := range header {
		at[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	for _, name := range columns() {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("there is no column %q", name)
		}
	}
	return at, nil
}

func (d *Dataset) row(record []string, at map[string]int, users map[string]int, order []Login) []Login {
	get := func(name string) string { return strings.TrimSpace(record[at[name]]) }
	when, err := timestamp(get("Login Timestamp"))
	addr, bad := netip.ParseAddr(get("IP Address"))
	if err != nil || bad != nil || get("User ID") == "" {
		d.Skipped++
		return order
	}
	s := policy.Sighting{At: when, Login: true, Network: networkOf(addr, get("ASN")), Place: policy.Place{Country: get("Country")}}
	s.Client = policy.Client{
		Agent: hashOf("agent", get("User Agent String")), Browser: get("Browser Name and Version"), OS: get("OS Name and Version"), Kind: known(get("Device Type")),
	}
	if is(get("Is Attack IP")) {
		d.attacks = append(d.attacks, s)
	}
	if !is(get("Login Successful")) {
		d.Failed++
		return order
	}
	id, seen := users[get("User ID")]
	if !seen {
		id = len(users)
		users[strings.Clone(get("User ID"))] = id
	}
	l := Login{User: id, Sighting: s}
	if is(get("Is Account Takeover")) {
		d.Takeovers = append(d.Takeovers, l)
		return order
	}
	return append(order, l)
}

// arrange sorts the logins to their users and in the order of time, and makes the pools that attackers draw from.
func (d *Dataset) arrange(order []Login, users int) {
	d.People = make([]Person, users)
	for _, l := range order {
		d.People[l.User].Logins = append(d.People[l.User].Logins, l)
		s := l.Sighting
		d.all = append(d.all, s)
		d.countries[s.Place.Country] = append(d.countries[s.Place.Country], s)
		d.systems[s.Network.ASN] = append(d.systems[s.Network.ASN], s)
	}
	d.order()
	sort(d.Takeovers)
	d.draw = d.attack
}

// attack is an attacker made of what the data holds: a network that is marked as an attacker's, one of the victim's country, or one of
// the victim's provider, and a client drawn from everybody, from the country, or the victim's own.
func (d *Dataset) attack(a Attacker, user, n int) Login {
	rnd := rand.New(rand.NewPCG(uint64(a), uint64(user)))
	before := &d.People[user].Logins[n-1].Sighting
	near := d.countries[before.Place.Country]
	networks, clients := near, d.all
	switch {
	case a == Naive && len(d.attacks) > 0:
		networks = d.attacks
	case a == Naive:
		networks = d.all
	case a == Targeted:
		clients = near
	case a == VeryTargeted:
		networks = d.systems[before.Network.ASN]
	}
	s := policy.Sighting{At: d.People[user].Logins[n].Sighting.At, Login: true}
	from := networks[rnd.IntN(len(networks))]
	s.Network, s.Place, s.Client = from.Network, from.Place, clients[rnd.IntN(len(clients))].Client
	if a == VeryTargeted {
		s.Client = before.Client
	}
	return Login{User: user, Sighting: s}
}

func timestamp(s string) (time.Time, error) {
	if t, err := time.Parse("2006-01-02 15:04:05", s); err == nil { // reads a fraction, too
		return t, nil
	}
	ms, err := strconv.ParseInt(s, 10, 64) // as the description of the data says
	return time.UnixMilli(ms).UTC(), err
}

func networkOf(a netip.Addr, asn string) policy.Network {
	a = a.Unmap()
	host, net := 32, 24
	if a.Is6() {
		host, net = 64, 48
	}
	return policy.Network{
		Address: hashOf("address", netip.PrefixFrom(a, host).Masked().String()), Prefix: hashOf("prefix", netip.PrefixFrom(a, net).Masked().String()), ASN: hashOf("asn", asn),
	}
}

func hashOf(kind, value string) (h policy.Hash) {
	if value == "" {
		return h
	}
	f := fnv.New64a()
	io.WriteString(f, kind+"\x00"+value)
	f.Sum(h[:0])
	h[0] |= 1
	return h
}

func known(s string) string {
	if s == "unknown" {
		return ""
	}
	return s
}

func is(s string) bool { return strings.EqualFold(s, "true") }
