package action

// Answered is the Verify of an action whose work nobody can look at: nil where each of the item's calls was answered without an
// error, else ErrNotYet.
func Answered(item Item) error {
	answered := 0
	for _, r := range item.Receipts {
		if r.Error == "" && item.makes(r) {
			answered++
		}
	}
	if answered < len(item.Calls) {
		return ErrNotYet
	}
	return nil
}
