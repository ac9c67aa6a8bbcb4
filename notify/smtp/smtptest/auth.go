package smtptest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"github.com/emersion/go-sasl"
)

// newAuth returns the server's half of a mechanism for the one user there is; done is told whether the proof was right,
// and answers.
func newAuth(mechanism, user, password string, done func(ok bool) error) sasl.Server {
	same := func(u, p string) bool {
		return subtle.ConstantTimeCompare([]byte(u+"\x00"+p), []byte(user+"\x00"+password)) == 1
	}
	switch mechanism {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, u, p string) error { return done(same(u, p)) })
	case "LOGIN":
		return &loginServer{check: func(u, p string) error { return done(same(u, p)) }}
	default:
		return &cramServer{user: user, secret: password, done: done}
	}
}

// loginServer asks for user and password one after the other (draft-murchison-sasl-login-00).
type loginServer struct {
	asked int
	user  string
	check func(user, password string) error
}

// Next answers the client's line.
func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	if response == nil && l.asked == 0 {
		l.asked = 1
		return []byte("Username:"), false, nil
	}
	if l.asked < 2 { // the user, asked for or sent along with the command
		l.asked, l.user = 2, string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// cramServer has the client prove the password by keying a digest with it (RFC 2195).
type cramServer struct {
	user, secret, challenge string
	done                    func(ok bool) error
}

// Next answers the client's line.
func (s *cramServer) Next(response []byte) ([]byte, bool, error) {
	if s.challenge == "" {
		s.challenge = "<" + rand.Text() + "@mailcatcher.localhost>"
		return []byte(s.challenge), false, nil
	}
	mac := hmac.New(md5.New, []byte(s.secret))
	mac.Write([]byte(s.challenge))
	user, digest, _ := strings.Cut(string(response), " ")
	want := hex.EncodeToString(mac.Sum(nil))
	return nil, true, s.done(user == s.user && subtle.ConstantTimeCompare([]byte(digest), []byte(want)) == 1)
}
