package sandbox

import "riposte.dev/sandbox/policy"

// SetBuckets stands in for S3: the policies of buckets by name.
func (s *Sandbox) SetBuckets(policies map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buckets = func(name string) (*policy.Document, bool) {
		text, ok := policies[name]
		if !ok || text == "" {
			return nil, ok
		}
		d, err := policy.Parse([]byte(text))
		if err != nil {
			panic(err)
		}
		return d, true
	}
}
