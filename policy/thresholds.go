package policy

import "github.com/edgeauth/edgeauth/identity"

// ThresholdsFor returns the least score for each level that one leads to, as it holds for the facts' subject. The caller
// owns what it gets.
func (r *Rules) ThresholdsFor(f *Facts) map[identity.Level]float64 {
	t := tally{rules: r, facts: f}
	out := map[identity.Level]float64{}
	for _, level := range r.levels() {
		if least, ok := t.threshold(level); ok {
			out[level] = least
		}
	}
	return out
}
