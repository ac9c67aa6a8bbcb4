package s3_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkRecords reads one file of 2,000 records, of about 1 KB each, from the sandbox, which shares the machine, into a
// bus that stores nothing. MB/s is of JSON.
func BenchmarkRecords(b *testing.B) {
	const records = 2000
	var text bytes.Buffer
	text.WriteString(`{"Records":[`)
	for i := range records {
		if i > 0 {
			text.WriteByte(',')
		}
		r := record(fmt.Sprint("r-", i))
		fmt.Fprintf(&text, `%s,"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/dev/alice","accountId":"111122223333"},`+
			`"requestParameters":{"groupId":"sg-%012d","items":["%s"]},"sourceIPAddress":"198.51.100.7","requestID":"r-%d"}`,
			strings.TrimSuffix(r, "}"), i, strings.Repeat("abcdefgh-", 60), i)
	}
	text.WriteString(`]}`)
	w, l := newWorld(b, "logs"), newLog()
	w.put(b, "logs", key("a"), zip(b, text.String()))
	r := reader(b, w.options(l, "logs"))
	b.SetBytes(int64(text.Len()))
	b.ResetTimer()
	for b.Loop() {
		if err := r.Read(b.Context(), notice("logs", key("a"))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "records/s")
}
