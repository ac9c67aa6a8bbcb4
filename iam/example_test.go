package iam_test

import (
	"fmt"

	"riposte.dev/iam"
)

func ExampleMerge() {
	needs := iam.Responder(iam.Setup{
		Account:   "111122223333",
		Responses: []iam.Response{{Name: "cloudtrail.start-logging", Permissions: []string{"cloudtrail:DescribeTrails", "cloudtrail:StartLogging"}}},
	})
	text, err := iam.Merge(needs).JSON()
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s", text)
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Sid": "CloudtrailRespond",
	//       "Effect": "Allow",
	//       "Action": [
	//         "cloudtrail:DescribeTrails"
	//       ],
	//       "Resource": [
	//         "*"
	//       ]
	//     },
	//     {
	//       "Sid": "CloudtrailRespond2",
	//       "Effect": "Allow",
	//       "Action": [
	//         "cloudtrail:StartLogging"
	//       ],
	//       "Resource": [
	//         "arn:aws:cloudtrail:*:111122223333:trail/*"
	//       ]
	//     },
	//     {
	//       "Sid": "Ec2Accounts",
	//       "Effect": "Allow",
	//       "Action": [
	//         "ec2:DescribeRegions"
	//       ],
	//       "Resource": [
	//         "*"
	//       ]
	//     }
	//   ]
	// }
}
