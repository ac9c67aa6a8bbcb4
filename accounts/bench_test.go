package accounts_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"riposte.dev/accounts"
)

// BenchmarkConfig asks for one of 5,000 accounts; the memory is that of all of them.
func BenchmarkConfig(b *testing.B) {
	const n = 5000
	list, names := make([]accounts.Account, n), make([]string, n)
	for i := range list {
		names[i] = fmt.Sprintf("%012d", i+1)
		list[i] = accounts.Account{ID: names[i], Role: "arn:aws:iam::" + names[i] + ":role/riposte", ExternalID: "xyz"}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	a, err := accounts.New(accounts.Options{
		Base:     aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")},
		Accounts: list,
	})
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := a.Config(b.Context(), names[i%n], region); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/account")
}
