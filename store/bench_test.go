package store_test

import (
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"riposte.dev/finding"
	"riposte.dev/store"
)

// BenchmarkUpsert imports new findings, each on disk before the next, by one caller and by 64 at once, who share syncs.
func BenchmarkUpsert(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(strconv.Itoa(callers), func(b *testing.B) {
			s := openSQLite(b, store.Options{Path: filepath.Join(b.TempDir(), "riposte.db")})
			h := finding.NewHub(finding.Options{Store: s.Findings})
			template := newFinding(b, "rule", 0)
			var n atomic.Int64
			b.SetParallelism(callers)
			b.ResetTimer()
			work := func() {
				f := template
				f.ID = strconv.FormatInt(n.Add(1), 10)
				if _, err := h.Upsert(b.Context(), f); err != nil {
					b.Error(err)
				}
			}
			if callers == 1 {
				for b.Loop() {
					work()
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						work()
					}
				})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "findings/s")
		})
	}
}
