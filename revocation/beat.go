package revocation

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Origin is an edge that follows the log, as NAME/RUN: its configured name, and a random text of this run of the process. Two
// edges that were given one name are so told apart, and an edge from what it was before a restart. Empty: none.
type Origin string

// constant pattern: the form of an origin. What does not have it is shown to nobody.
var originForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}/[a-z2-7]{8}$`)

// constant pattern: the form of a region.
var regionForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

// constant pattern: what a name cannot hold.
var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// NewOrigin names a new run of an edge. Of the name, what it cannot hold becomes a hyphen, and the rest after 63 bytes is cut off.
func NewOrigin(name string) Origin {
	name = strings.TrimLeft(notInName.ReplaceAllLiteralString(name, "-"), "._-")
	name = cmp.Or(name[:min(len(name), 63)], "edge")
	return Origin(name + "/" + strings.ToLower(rand.Text()[:8]))
}

// ParseOrigin reads what Origin's text is elsewhere; false for anything else.
func ParseOrigin(text string) (Origin, bool) {
	if !originForm.MatchString(text) {
		return "", false
	}
	return Origin(text), true
}

// Name is the edge's name.
func (o Origin) Name() string {
	name, _, _ := strings.Cut(string(o), "/")
	return name
}

// Run is the random text.
func (o Origin) Run() string {
	_, run, _ := strings.Cut(string(o), "/")
	return run
}

// BeatLife is how long a beat is kept: an edge that has been silent for longer is not spoken of any more.
const BeatLife = time.Hour

// Beat is what an edge tells all others of one shard, each time it probes it. Its times are those of the log's clock, so that
// they can be compared whatever the edges' clocks say.
type Beat struct {
	Origin Origin        // empty: nothing is told
	Deaf   bool          // the answer need not hold the beats of the others
	Gone   bool          // the origin will not follow the shard any more: what it told is taken away
	At     Millis        // when the log heard it; the log sets this
	Read   Millis        // all that was in the shard at this time is in the origin's copy; 0: it has not read it yet
	Cursor Cursor        // of the last entry that it has read
	Clock  time.Duration // by how much the origin's clock was ahead of the log's, to within half the time of a probe
	Region string
}

// Encode gives the text form of what the origin says: `1 READ CURSOR CLOCK REGION`, times in milliseconds, `-` for no region.
// The 1 is the format's version. A store keeps it behind the time of At and a space, under the origin.
func (b Beat) Encode() string {
	region := b.Region
	if !regionForm.MatchString(region) {
		region = "-"
	}
	return fmt.Sprintf("1 %d %s %d %s", b.Read, b.Cursor, b.Clock.Milliseconds(), region)
}

// DecodeBeat reads `AT` and what Encode writes. Errors wrap ErrUnreadable.
func DecodeBeat(origin, value string) (Beat, error) {
	b, err := decodeBeat(strings.Split(value, " "))
	from, ok := ParseOrigin(origin)
	if err != nil || !ok {
		return Beat{}, fmt.Errorf("%w: beat %.80q of %.80q", ErrUnreadable, value, origin)
	}
	b.Origin = from
	return b, nil
}

func decodeBeat(f []string) (b Beat, err error) {
	if len(f) != 6 || f[1] != "1" || f[5] != "-" && !regionForm.MatchString(f[5]) {
		return b, ErrUnreadable
	}
	major, minor, found := strings.Cut(f[3], "-")
	at, err1 := strconv.ParseUint(f[0], 10, 53)
	read, err2 := strconv.ParseUint(f[2], 10, 53)
	b.Cursor.Major, err = strconv.ParseUint(major, 10, 64)
	var err3 error
	b.Cursor.Minor, err3 = strconv.ParseUint(minor, 10, 64)
	clock, err4 := strconv.ParseInt(f[4], 10, 43) // its nanoseconds fit, too
	if err := cmp.Or(err, err1, err2, err3, err4); err != nil || !found {
		return b, ErrUnreadable
	}
	b.At, b.Read, b.Clock = Millis(at), Millis(read), time.Duration(clock)*time.Millisecond
	if b.Region = f[5]; b.Region == "-" {
		b.Region = ""
	}
	return b, nil
}
