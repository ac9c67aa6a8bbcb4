package smtptest

import (
	"slices"
	"strings"

	"github.com/emersion/go-smtp"
)

// Step is a point of the SMTP dialogue at which the catcher can fail.
type Step string

const (
	AtSender    Step = "MAIL"    // the answer to MAIL FROM
	AtRecipient Step = "RCPT"    // the answer to RCPT TO
	AtContent   Step = "CONTENT" // the answer after the whole mail was sent
	AtAuth      Step = "AUTH"    // the answer to the credentials
)

// Failure is an answer that the catcher gives instead of accepting.
type Failure struct {
	Times     int    // how often; negative: always
	Code      int    // SMTP reply code, 400 to 599
	At        Step   // "": AtContent
	Recipient string // AtRecipient only: the address it holds for; "": every address
	Text      string // "": a text that says it is deliberate
}

// Fail adds a failure to those still to come; the first that fits answers.
func (c *Catcher) Fail(f Failure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, f)
}

// failure returns the answer that is due at a step, or nil.
func (c *Catcher) failure(at Step, recipient string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.failures {
		f := &c.failures[i]
		step := f.At
		if step == "" {
			step = AtContent
		}
		if f.Times == 0 || step != at || f.Recipient != "" && !strings.EqualFold(f.Recipient, recipient) {
			continue
		}
		answer := &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCode{f.Code / 100, 0, 0}, Message: f.Text}
		if answer.Message == "" {
			answer.Message = "failing as told"
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				c.failures = slices.Delete(c.failures, i, i+1)
			}
		}
		return answer
	}
	return nil
}
