package frames_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/edgeauth/edgeauth/proxy/internal/frames"
)

// frame is a WebSocket frame of n bytes of zeros.
func frame(opcode byte, n int, masked bool) []byte {
	head := []byte{0x80 | opcode, 0}
	switch {
	case n < 126:
		head[1] = byte(n)
	case n <= math.MaxUint16:
		head[1] = 126
		head = binary.BigEndian.AppendUint16(head, uint16(n))
	default:
		head[1] = 127
		head = binary.BigEndian.AppendUint64(head, uint64(n))
	}
	if masked {
		head[1] |= 0x80
		head = append(head, 1, 2, 3, 4)
	}
	return append(head, make([]byte, n)...)
}

func TestTheEndOfEachFrameIsFoundHoweverTheyAreCut(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536, 100_000} {
		for _, masked := range []bool{false, true} {
			one := frame(2, n, masked)
			for _, step := range []int{1, 2, 3, 7, 13, len(one) - 1, len(one), len(one) + 1} {
				var f frames.WebSocket
				stream := append(bytes.Clone(one), one...)
				at := 0
				for at < len(stream) {
					piece := stream[at:min(at+max(step, 1), len(stream))]
					k := f.Advance(piece)
					if k == 0 {
						t.Fatal("Advance stands still")
					}
					at += k
					if want := at == len(one) || at == len(stream); f.Between() != want {
						t.Fatalf("payload %d, masked %v, steps of %d: between frames at byte %d: %v", n, masked, step, at, f.Between())
					}
				}
			}
		}
	}
}

func TestWS04_a_frame_of_any_declared_length_is_followed_without_overflow(t *testing.T) {
	for _, length := range []uint64{1 << 30, math.MaxInt64, math.MaxUint64} {
		var f frames.WebSocket
		head := binary.BigEndian.AppendUint64([]byte{0x82, 127}, length)
		frames.Follow(&f, head)
		frames.Follow(&f, make([]byte, 1<<20))
		if f.Between() || f.Closed() {
			t.Errorf("a frame of %d bytes ended after a million", length)
		}
	}
}

func TestACloseFrameIsSeenOnceItIsComplete(t *testing.T) {
	key := [4]byte{9, 8, 7, 6}
	for _, bye := range [][]byte{frames.Close(1008, "revoked", nil), frames.Close(1008, "revoked", &key)} {
		var f frames.WebSocket
		frames.Follow(&f, frame(1, 300, true))
		frames.Follow(&f, bye[:len(bye)-1])
		if f.Closed() || f.Between() {
			t.Error("seen before its end")
		}
		frames.Follow(&f, bye[len(bye)-1:])
		if !f.Closed() || !f.Between() {
			t.Error("not seen")
		}
	}
}

func TestACloseFrameIsWrittenAsTheRFCSays(t *testing.T) {
	if got, want := frames.Close(1008, "revoked", nil), append([]byte{0x88, 9, 0x03, 0xf0}, "revoked"...); !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
	key := [4]byte{1, 2, 3, 4}
	if got, want := frames.Close(1013, "x", &key), []byte{0x88, 0x83, 1, 2, 3, 4, 0x03 ^ 1, 0xf5 ^ 2, 'x' ^ 3}; !bytes.Equal(got, want) {
		t.Errorf("masked: got % x, want % x", got, want)
	}
	if got := frames.Close(1008, string(make([]byte, 1000)), nil); len(got) != 2+125 {
		t.Errorf("a control frame of %d bytes", len(got))
	}
}

func message(n int) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(n)), make([]byte, n)...)
}

func TestTheEndOfEachGRPCMessageIsFound(t *testing.T) {
	var f frames.GRPC
	var ends []int
	stream := bytes.Join([][]byte{message(0), message(1), message(70_000)}, nil)
	for at := 0; at < len(stream); {
		at += f.Advance(stream[at:min(at+11, len(stream))])
		if f.Between() {
			ends = append(ends, at)
		}
	}
	if len(ends) != 3 || ends[0] != 5 || ends[1] != 11 || ends[2] != len(stream) {
		t.Errorf("messages end at %v of %d", ends, len(stream))
	}
}

func FuzzPiecesOfAStreamComeToTheSameAsAllOfIt(f *testing.F) {
	f.Add(append(frame(2, 200, true), frame(8, 2, false)...), byte(3))
	f.Add([]byte{0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255, 0}, byte(1))
	f.Fuzz(func(t *testing.T, stream []byte, step byte) {
		var whole, parts frames.WebSocket
		var wholeCall, partsCall frames.GRPC
		frames.Follow(&whole, stream)
		frames.Follow(&wholeCall, stream)
		for rest := stream; len(rest) > 0; {
			n := min(int(step)+1, len(rest))
			frames.Follow(&parts, rest[:n])
			frames.Follow(&partsCall, rest[:n])
			rest = rest[n:]
		}
		if whole.Between() != parts.Between() || whole.Closed() != parts.Closed() || wholeCall.Between() != partsCall.Between() {
			t.Error("pieces come to something else")
		}
	})
}
