package pattern

import "math/bits"

// bitset is a set of small numbers. Numbers beyond its length are not in it.
type bitset []uint64

func (b bitset) has(i int32) bool {
	return int(i>>6) < len(b) && b[i>>6]&(1<<(i&63)) != 0
}

// with returns b with i in it.
func (b bitset) with(i int32) bitset {
	for int(i>>6) >= len(b) {
		b = append(b, 0)
	}
	b[i>>6] |= 1 << (i & 63)
	return b
}

// drop takes i out of b.
func (b bitset) drop(i int32) {
	if int(i>>6) < len(b) {
		b[i>>6] &^= 1 << (i & 63)
	}
}

// unite adds other, which must not be longer, to b.
func (b bitset) unite(other bitset) {
	b = b[:len(other)]
	for i, word := range other {
		b[i] |= word
	}
}

// addAll adds the numbers that b has room for.
func (b bitset) addAll(numbers []int32) {
	for _, i := range numbers {
		b[i>>6] |= 1 << (i & 63)
	}
}

// restart returns an empty set with room for words*64 numbers, in the memory of b if that is enough.
func (b bitset) restart(words int) bitset {
	if cap(b) < words {
		return make(bitset, words, words*2)
	}
	b = b[:words]
	clear(b)
	return b
}

// all yields the numbers in b, ascending.
func (b bitset) all(yield func(int32) bool) {
	for i, word := range b {
		for ; word != 0; word &= word - 1 {
			if !yield(int32(i<<6 + bits.TrailingZeros64(word))) {
				return
			}
		}
	}
}

// count returns how many numbers b has.
func (b bitset) count() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}
