package smtp_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"riposte.dev/notify"
	"riposte.dev/notify/smtp"
	"riposte.dev/notify/smtp/smtptest"
)

func Example() {
	catcher, err := smtptest.Start("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer catcher.Close()
	host, port, _ := net.SplitHostPort(catcher.Addr())
	number, _ := strconv.Atoi(port)

	mail, err := smtp.New(smtp.Config{Host: host, Port: number, TLS: smtp.None, From: "riposte <riposte@example.com>"})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = mail.Send(context.Background(), notify.Delivery{
		To: "secops@example.com",
		Message: notify.Message{
			ID: "m1", Time: time.Now(), Severity: "HIGH", Subject: "CloudTrail logging was stopped",
		},
		Body: notify.Body{Text: "alice stopped the trail main.\n", HTML: "<p>alice stopped the trail main.</p>\n"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := catcher.Wait(context.Background(), nil)
	fmt.Println(got.To, got.Subject, err)
	fmt.Print(got.Text)
	// Output:
	// [secops@example.com] [HIGH] CloudTrail logging was stopped <nil>
	// alice stopped the trail main.
}
