package finding_test

import (
	"testing"

	"riposte.dev/finding"
)

// BenchmarkValidate checks a finding with details against the whole schema.
func BenchmarkValidate(b *testing.B) {
	raw := []byte(whole)
	_ = finding.ValidateJSON(raw) // compiles the schema
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		_ = finding.ValidateJSON(raw)
	}
}

// BenchmarkUpsert imports findings into memory: what the hub itself costs.
func BenchmarkUpsert(b *testing.B) {
	h, _ := newHub()
	f := variant(b, ``)
	upsert(b, h, ``)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Upsert(b.Context(), f); err != nil {
			b.Fatal(err)
		}
	}
}
