package redis

import (
	"fmt"

	"github.com/edgeauth/edgeauth/revocation"
)

// parseBeats reads what the probe's script says of the edges: pairs of an edge and its beat, or what is wrong with them. Nothing in it
// is an error of the probe. Beats that cannot be read are left out and counted.
func parseBeats(part any) (beats []revocation.Beat, unread string) {
	if problem, ok := part.(string); ok {
		return nil, fmt.Sprintf("Redis says: %.200q", problem)
	}
	pairs, ok := part.([]any)
	if !ok || len(pairs)%2 != 0 {
		return nil, "Redis answers with something else than pairs"
	}
	bad := 0
	for i := 0; i < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		said, _ := pairs[i+1].(string)
		b, err := revocation.DecodeBeat(name, said)
		if err != nil {
			bad++
			continue
		}
		beats = append(beats, b)
	}
	if bad > 0 {
		unread = fmt.Sprintf("%d of %d: foreign, or of a later release", bad, len(pairs)/2)
	}
	return beats, unread
}
