package firehose_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"riposte.dev/source/firehose"
)

// The access key is what the layer in front of the handler authenticates the stream by.
func ExampleAccessKey() {
	r := httptest.NewRequest(http.MethodPost, "/firehose", nil)
	r.Header.Set("X-Amz-Firehose-Access-Key", "rk_example")
	fmt.Println(firehose.AccessKey(r))
	// Output:
	// rk_example
}
