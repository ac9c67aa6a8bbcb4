package outbound_test

import (
	"fmt"

	"riposte.dev/fault"
	"riposte.dev/notify/outbound"
)

// The metadata service, which hands out credentials, is out of reach whatever is allowed.
func ExampleClient() {
	client := outbound.Client(outbound.Options{AllowPrivate: true})
	resp, err := client.Get("http://169.254.169.254/latest/meta-data/")
	if err == nil {
		resp.Body.Close()
	}
	err = outbound.Failed("web hook", err)
	fmt.Println(fault.CodeOf(err), fault.Message(err))
	// Output:
	// denied web hook: 169.254.169.254 is a link-local, metadata or reserved address, which riposte never calls
}
