package frames

import "encoding/binary"

// GRPC follows the messages of one direction of a gRPC call: a flag, a length of four bytes, and as much content (gRPC over
// HTTP/2, "Length-Prefixed-Message"). The zero value stands before the first message.
type GRPC struct {
	head [5]byte
	have int
	left uint32
}

// Advance notes the beginning of p up to the end of the message that it is within, or that begins there, and returns how many
// bytes that were. It is at least one if there are any.
func (f *GRPC) Advance(p []byte) int {
	n := 0
	for ; n < len(p) && f.have < len(f.head); n++ {
		f.head[f.have] = p[n]
		if f.have++; f.have == len(f.head) {
			f.left = binary.BigEndian.Uint32(f.head[1:])
		}
	}
	if f.have < len(f.head) {
		return n
	}
	rest := min(uint64(f.left), uint64(len(p)-n))
	if f.left -= uint32(rest); f.left == 0 {
		f.have = 0
	}
	return n + int(rest)
}

// Between reports whether the last message is complete and the next has not begun.
func (f *GRPC) Between() bool { return f.have == 0 }

// WebTrailer is the last message of a gRPC-Web answer, which holds what gRPC sends as trailers (gRPC-Web protocol, "Message
// framing").
func WebTrailer(fields string) []byte {
	out := binary.BigEndian.AppendUint32([]byte{0x80}, uint32(len(fields)))
	return append(out, fields...)
}
