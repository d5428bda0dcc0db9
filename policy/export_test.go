package policy

// Names are the names that expressions can use.
func Names() (all []string) {
	for _, n := range names() {
		all = append(all, n.name)
	}
	return all
}
