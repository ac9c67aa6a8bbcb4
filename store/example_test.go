package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"riposte.dev/store"
)

func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "riposte")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(dir, "riposte.db")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	key, err := s.Keys.Create(ctx, store.Key{Account: "111122223333", Roles: []string{"ingest"}}, "ana")
	fmt.Println(key.ID[:4], len(key.Secret), err)
	// Output: RIPO 40 <nil>
}
