package frames

import "encoding/binary"

// WebSocket follows one direction of a WebSocket (RFC 6455, 5.2). The zero value stands before the first frame. What breaks
// the rules is followed by its length all the same: it is for the endpoints to refuse.
type WebSocket struct {
	head   [14]byte
	have   int    // bytes of the frame's header seen so far
	left   uint64 // bytes of its payload still to come
	closed bool
}

const (
	opcodeClose = 0x8
	opcodes     = 0x0f
	masked      = 0x80
	lengths     = 0x7f
)

// Advance notes the beginning of p up to the end of the frame that it is within, or, between frames, of the frame that begins
// there, and returns how many bytes that were. It is at least one if there are any.
func (f *WebSocket) Advance(p []byte) int {
	n := 0
	for ; n < len(p) && f.have < f.size(); n++ {
		f.head[f.have] = p[n]
		if f.have++; f.have == f.size() {
			f.left = f.length()
		}
	}
	if f.have < f.size() {
		return n
	}
	rest := min(f.left, uint64(len(p)-n))
	if f.left -= rest; f.left == 0 {
		f.closed = f.closed || f.head[0]&opcodes == opcodeClose
		f.have = 0
	}
	return n + int(rest)
}

// Between reports whether the last frame is complete and the next has not begun.
func (f *WebSocket) Between() bool { return f.have == 0 }

// Closed reports whether a Close frame has gone by. No other may follow it (RFC 6455, 5.5.1).
func (f *WebSocket) Closed() bool { return f.closed }

// size is the length of the header, as far as it is known.
func (f *WebSocket) size() int {
	size := 2
	if f.have < size {
		return size
	}
	switch f.head[1] & lengths {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if f.head[1]&masked != 0 {
		size += 4
	}
	return size
}

// length is that of the payload; the header is complete.
func (f *WebSocket) length() uint64 {
	switch short := f.head[1] & lengths; short {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.head[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.head[2:])
	default:
		return uint64(short)
	}
}

// maxReason bounds the text of a Close frame in bytes: a control frame has at most 125 (RFC 6455, 5.5).
const maxReason = 123

// Close returns a Close frame (RFC 6455, 5.5.1) with a code and a short text in ASCII. A client's frames are masked by a key;
// nil is for a server's.
func Close(code uint16, reason string, key *[4]byte) []byte {
	reason = reason[:min(len(reason), maxReason)]
	payload := append(binary.BigEndian.AppendUint16(nil, code), reason...)
	frame := []byte{0x80 | opcodeClose, byte(len(payload))}
	if key == nil {
		return append(frame, payload...)
	}
	frame[1] |= masked
	frame = append(frame, key[:]...)
	for i, b := range payload {
		frame = append(frame, b^key[i%len(key)])
	}
	return frame
}
