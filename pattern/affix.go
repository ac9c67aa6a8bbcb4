package pattern

import "slices"

// affixes are postings by a text with which a value begins, or ends.
type affixes struct {
	postings textTable[posting]
	lengths  []lengthUse
	begins   uint64 // by first byte, modulo 64: there is such a text, or it is gone; all if one is empty
	ends     uint64 // likewise by last byte
}

// lengthUse is a length that is in use, how often, and by texts with which bytes at their ends.
type lengthUse struct {
	length, uses int
	ends         uint64 // some may be gone
}

// endsOf is a bit for the bytes at the ends of text, which is not empty.
func endsOf[T string | []byte](text T) uint64 {
	return 1 << ((text[0]*7 + text[len(text)-1]) & 63)
}

func (a *affixes) change(text string, change func(*posting)) {
	before := a.postings.used
	changePosting(&a.postings, text, change)
	a.lengths = countUse(a.lengths, len(text), a.postings.used-before)
	if text == "" {
		a.begins, a.ends = ^uint64(0), ^uint64(0)
	} else {
		a.begins |= 1 << (text[0] & 63)
		a.ends |= 1 << (text[len(text)-1] & 63)
	}
	if at, found := findUse(a.lengths, len(text)); found && text != "" {
		a.lengths[at].ends |= endsOf(text)
	}
}

// countUse changes how often a length is in use; what is no longer used is dropped.
func countUse(lengths []lengthUse, length, by int) []lengthUse {
	i, found := findUse(lengths, length)
	switch {
	case by == 0:
		return lengths
	case !found:
		return slices.Insert(lengths, i, lengthUse{length: length, uses: by})
	}
	if lengths[i].uses += by; lengths[i].uses == 0 {
		return slices.Delete(lengths, i, i+1)
	}
	return lengths
}

func findUse(lengths []lengthUse, length int) (at int, found bool) {
	return slices.BinarySearchFunc(lengths, length, func(u lengthUse, l int) int { return u.length - l })
}

// findPrefixes appends the postings of the texts with which text begins.
func (a *affixes) findPrefixes(found []*posting, text []byte) []*posting {
	if len(text) > 0 && a.begins&(1<<(text[0]&63)) == 0 {
		return found
	}
	for i := range a.lengths {
		u := &a.lengths[i]
		if u.length > len(text) {
			break
		}
		found = a.findOne(found, u, text[:u.length])
	}
	return found
}

// findSuffixes appends the postings of the texts with which text ends.
func (a *affixes) findSuffixes(found []*posting, text []byte) []*posting {
	if len(text) > 0 && a.ends&(1<<(text[len(text)-1]&63)) == 0 {
		return found
	}
	for i := range a.lengths {
		u := &a.lengths[i]
		if u.length > len(text) {
			break
		}
		found = a.findOne(found, u, text[len(text)-u.length:])
	}
	return found
}

func (a *affixes) findOne(found []*posting, u *lengthUse, part []byte) []*posting {
	if len(part) == 0 || u.ends&endsOf(part) != 0 {
		if p := a.postings.get(part, hashOf(part)); p != nil {
			found = append(found, p)
		}
	}
	return found
}
