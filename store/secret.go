package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"riposte.dev/fault"
)

// sealer encrypts secrets with AES-256-GCM. A sealed secret is bound to its name, so that it is of no use in another row.
type sealer struct {
	aead   cipher.AEAD
	random io.Reader
	file   string // for messages
}

const masterKeyBytes = 32

// openSealer reads the master key, or makes one where there is neither a file nor anything encrypted with it.
func openSealer(ctx context.Context, db *sql.DB, file string, random io.Reader) (*sealer, error) {
	key, err := readMasterKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		var sealed int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM access_keys WHERE revoked_at IS NULL").Scan(&sealed); err != nil {
			return nil, classify(err, "count the keys")
		}
		if sealed > 0 {
			return nil, fault.New(fault.NotFound, "the master key %s is gone, and %d access keys are encrypted with it", file, sealed).
				WithHint("restore the file from a backup; without it the keys must be made anew in a new data folder")
		}
		key, err = createMasterKey(file, random)
	}
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	return &sealer{aead, random, file}, nil
}

// readMasterKey refuses a key that others than the owner may read: then the encryption is worth nothing.
func readMasterKey(file string) ([]byte, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.New(fault.Denied, "the master key %s is not a regular file", file).WithHint("put the file itself there")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "the master key %s may be read by others (mode %04o)", file, info.Mode().Perm()).
			WithHint("chmod 600 %s; if others have read it, revoke the access keys", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Denied, "read the master key: %w", err).WithHint("run riposte as the owner of %s", file)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != masterKeyBytes {
		return nil, fault.New(fault.Invalid, "the master key %s is not %d hexadecimal digits", file, 2*masterKeyBytes).
			WithHint("restore the file from a backup")
	}
	return key, nil
}

// createMasterKey writes a new key to a file of its own and then links it into place, so that a crash leaves a whole key
// or none, and two processes never use two keys.
func createMasterKey(file string, random io.Reader) (key []byte, err error) {
	key = make([]byte, masterKeyBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("make a master key: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".master.key-*") // mode 0600
	if err != nil {
		return nil, fault.New(fault.Denied, "make the master key: %w", err).WithHint("choose a folder that you may write to")
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already where it was renamed
	_, err = temp.WriteString(hex.EncodeToString(key) + "\n")
	if err = firstOf(err, temp.Sync(), temp.Close()); err != nil {
		return nil, fault.New(fault.Unavailable, "write the master key: %w", err)
	}
	err = os.Link(temp.Name(), file)
	if errors.Is(err, fs.ErrExist) {
		return readMasterKey(file) // another process was first
	}
	if err = firstOf(err, syncDir(filepath.Dir(file))); err != nil {
		return nil, fault.New(fault.Unavailable, "write the master key: %w", err)
	}
	return key, nil
}

// syncDir makes a new name in the folder survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return firstOf(d.Sync(), d.Close())
}

// seal encrypts; name is needed to open it again.
func (s *sealer) seal(secret []byte, name string) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("encrypt a secret: %w", err)
	}
	return s.aead.Seal(nonce, nonce, secret, []byte(name)), nil
}

// open decrypts what seal made under the same name. fault.Denied where the master key is another one or the text changed.
func (s *sealer) open(sealed []byte, name string) ([]byte, error) {
	size := s.aead.NonceSize()
	if len(sealed) < size {
		return nil, fault.New(fault.Internal, "the secret of %s is stored damaged", name)
	}
	secret, err := s.aead.Open(nil, sealed[:size], sealed[size:], []byte(name))
	if err != nil {
		return nil, fault.New(fault.Denied, "the secret of %s was encrypted with another master key than %s", name, s.file).
			WithHint("restore the master key from a backup, or make a new access key")
	}
	return secret, nil
}
