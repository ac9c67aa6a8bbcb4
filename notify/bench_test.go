package notify

import (
	"strings"
	"testing"
)

// A CloudTrail record of usual size, without and with a secret.
func BenchmarkRedact(b *testing.B) {
	record := strings.Repeat(`{"eventName":"StopLogging","userIdentity":{"arn":"arn:aws:iam::111122223333:user/alice"},"requestParameters":{"name":"main"}},`, 12)
	for name, text := range map[string]string{"clean": record, "secret": record + `"password":"hunter2"`} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Redact(text)
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	m := stoppedTrail()
	for b.Loop() {
		if _, err := Render(m); err != nil {
			b.Fatal(err)
		}
	}
}
