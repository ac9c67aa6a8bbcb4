package bus

import "crypto/sha256"

// dedup knows the keys of recent events. It is bounded: it forgets the older half of its keys at a time, so it knows
// between half and all of its limit. Not safe for concurrent use.
//
// It is an optimisation, so that a CloudTrail record that arrives by three ways is stored and handled once. It may
// forget, and it knows only a recent tail of the stream after a restart. What must happen once per cause rests on the
// journal's compare-and-set, which does not forget.
type dedup struct {
	limit         int
	recent, older map[fingerprint]struct{}
	open          map[fingerprint]*group // keys whose commit has not ended
}

// fingerprint stands for a key: 128 bits of SHA-256, since a chosen collision would suppress somebody's event.
type fingerprint [16]byte

func newDedup(limit int) *dedup {
	return &dedup{
		limit:  max(limit, 2),
		recent: map[fingerprint]struct{}{},
		open:   map[fingerprint]*group{},
	}
}

func fingerprintOf(key string) fingerprint {
	sum := sha256.Sum256([]byte(key))
	return fingerprint(sum[:16])
}

// stored reports whether an event with this key is known to be on the stream.
func (d *dedup) stored(f fingerprint) bool {
	if _, ok := d.recent[f]; ok {
		return true
	}
	_, ok := d.older[f]
	return ok
}

// remember notes that an event with this key is on the stream.
func (d *dedup) remember(f fingerprint) {
	if len(d.recent) >= d.limit/2 {
		d.older, d.recent = d.recent, make(map[fingerprint]struct{}, d.limit/8)
	}
	d.recent[f] = struct{}{}
}
