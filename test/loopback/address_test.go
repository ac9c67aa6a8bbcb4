package loopback

import (
	"net"
	"testing"
)

func TestAddress(t *testing.T) {
	address := Address().String()
	if other := Address().String(); other == address {
		t.Errorf("two servers get %s", address)
	}
	for range 2 {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
			t.Errorf("%s is not on loopback", address)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
