// Package frames finds where frames end in streams that carry them, so that something can be said between two of them. It
// looks at nothing but their lengths, keeps no payload, and knows nothing of the edge.
package frames

// Follow notes all of p, which continues what Advance was given before.
func Follow(f interface{ Advance(p []byte) int }, p []byte) {
	for len(p) > 0 {
		p = p[f.Advance(p):]
	}
}
