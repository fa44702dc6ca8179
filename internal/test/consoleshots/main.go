// Command consoleshots takes the README's pictures of the console, from the demonstration.
//
// Reads: the output of `clawback demo --keep`, which it runs, and the console's pages by chromium.
//
// Writes: PNG files below docs/.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"
)

func main() {
	binary := flag.String("binary", "bin/clawback", "the clawback program")
	dir := flag.String("dir", "docs", "where the pictures go")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := run(ctx, *binary, *dir); err != nil {
		log.Fatal(err)
	}
}

// run shows the demonstration to a browser.
func run(ctx context.Context, binary, dir string) (err error) {
	demo := exec.CommandContext(ctx, binary, "demo", "--keep")
	demo.Cancel = func() error { return demo.Process.Signal(syscall.SIGTERM) }
	out, err := demo.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run the demonstration: %w", err)
	}
	if err := demo.Start(); err != nil {
		return fmt.Errorf("run the demonstration: %w", err)
	}
	defer func() {
		_ = demo.Process.Signal(syscall.SIGTERM)
		_ = demo.Wait() // it was ended by a signal
	}()
	link, err := signInLink(out)
	if err != nil {
		return err
	}
	go io.Copy(io.Discard, out)
	return photograph(ctx, link, dir)
}

// signInLink waits for the line with the link.
func signInLink(out io.Reader) (string, error) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); strings.Contains(line, "/sign-in?link=") {
			return line, nil
		}
	}
	return "", errors.Join(errors.New("the demonstration printed no link"), lines.Err())
}

// photograph signs in, and takes the pictures.
func photograph(ctx context.Context, link, dir string) error {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 860), chromedp.Navigate(link),
		chromedp.Click(chromedp.CSS("button.main")), chromedp.WaitVisible(chromedp.CSS("#worst")))
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if err := picture(ctx, filepath.Join(dir, "console-overview.png")); err != nil {
		return err
	}
	err = chromedp.Do(ctx, chromedp.Click(chromedp.CSS("section[aria-labelledby=worst] tbody tr:last-child a")),
		chromedp.WaitVisible(chromedp.CSS("#boxes")))
	if err != nil {
		return fmt.Errorf("open a message: %w", err)
	}
	return picture(ctx, filepath.Join(dir, "console-message.png"))
}

func picture(ctx context.Context, file string) error {
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return fmt.Errorf("take %s: %w", file, err)
	}
	return os.WriteFile(file, shot, 0o644)
}
