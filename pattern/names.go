package pattern

// knownNames is a dictionary of names that the reader met, found by their first sixteen bytes. It serves where names come
// in an order that stretches can't foresee. A name that hashes like another replaces it.
type knownNames struct {
	cells [maxKnownNames]knownName
}

const maxKnownNames = 1024 // a power of two

// knownName is a name with the quote and the colon after it.
type knownName struct {
	words  [stretchWords]uint64
	masks  [stretchWords]uint64
	text   string
	parent *fieldNode  // where it was met last,
	node   *fieldNode  // and where it leads from there
	recent [2]*stretch // that ended with it
}

// beforeQuote has ones in the bytes of word before its first quote, in all of them if there is none.
func beforeQuote(word uint64) uint64 {
	found := word ^ ones*'"'
	found = (found - ones) &^ found & highs
	return (found - 1) &^ found // bits below the first mark; those of its own byte are the quote's
}

// cell returns the number of the cell of a name that begins with the words; a name may also be in the one beside it.
func nameCell(first, second uint64) uint64 {
	mask := beforeQuote(first)
	if mask == ^uint64(0) {
		second &= beforeQuote(second)
		first ^= second*0x9E3779B97F4A7C15>>1 | second<<63
	} else {
		first &= mask
	}
	return first * 0x9E3779B97F4A7C15 >> (64 - 10)
}

// find returns the name that words, the start of text, are; nil if it is not known.
func (k *knownNames) find(words *[stretchWords]uint64, text []byte) *knownName {
	at := nameCell(words[0], words[1])
	for range 2 {
		n := &k.cells[at&(maxKnownNames-1)]
		if (words[0]^n.words[0])&n.masks[0]|(words[1]^n.words[1])&n.masks[1]|(words[2]^n.words[2])&n.masks[2] == 0 && n.text != "" &&
			(len(n.text) <= stretchWords*8 || len(text) >= len(n.text) && string(text[:len(n.text)]) == n.text) {
			return n
		}
		at ^= 1
	}
	return nil
}

// learn enters a name, followed by a quote and a colon, and returns it.
func (k *knownNames) learn(text []byte) *knownName {
	if len(text) > maxStretchBytes {
		return nil
	}
	words, masks := maskedWords(text)
	at := nameCell(words[0], words[1])
	if k.cells[at].text != "" && k.cells[at^1].text == "" {
		at ^= 1
	}
	k.cells[at] = knownName{words: words, masks: masks, text: string(text)}
	return &k.cells[at]
}

// maskedWords returns the start of text as words, and masks for its bytes.
func maskedWords(text []byte) (words, masks [stretchWords]uint64) {
	for i := range min(len(text), stretchWords*8) {
		words[i/8] |= uint64(text[i]) << (i % 8 * 8)
		masks[i/8] |= 0xff << (i % 8 * 8)
	}
	return words, masks
}
