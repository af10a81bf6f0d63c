#!/usr/bin/perl
# RSA by the openssl command, AES-256-CTR with HMAC-SHA-256; one script for both sides.
use strict;
use warnings;
use Digest::SHA qw(sha256 hmac_sha256);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use IPC::Open2;

my ($role, $port, $host) = @ARGV;
my $folder = tempdir(CLEANUP => 1);
my $limit = 4_000_000;
$| = 1;

my $text = <STDIN>;
chomp $text;

sub run {
    my ($input, @command) = @_;
    my $pid = open2(my $out, my $in, @command);
    binmode $_ for $in, $out;
    print $in $input;
    close $in;
    local $/;
    my $output = <$out>;
    waitpid $pid, 0;
    die "refused: $command[1] failed\n" if $?;
    return $output;
}

sub save {
    my ($name, $data) = @_;
    open my $file, ">:raw", "$folder/$name" or die;
    print $file $data;
    close $file;
    return "$folder/$name";
}

sub random { open my $file, "<:raw", "/dev/urandom" or die; read $file, my $data, shift; return $data }

sub sign { return run(sha256(shift), "openssl", "dgst", "-sha256", "-sign", "$folder/own.pem",
    "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32") }

sub verify {
    my ($data, $signature) = @_;
    run(sha256($data), "openssl", "dgst", "-sha256", "-verify", "$folder/peer.pem", "-signature", save("signature", $signature),
        "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32");
}

my @oaep = ("-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256");

sub crypt_with {
    my ($key, $nonce, $data) = @_;
    return run($data, "openssl", "enc", "-aes-256-ctr", "-K", unpack("H*", substr $key, 0, 32), "-iv", unpack("H*", $nonce));
}

sub seal {
    my ($key, $label, $data) = @_;
    my $nonce = random(16);
    my $body = $nonce . crypt_with($key, $nonce, $data);
    return $body . hmac_sha256($label . $body, substr $key, 32);
}

sub unseal {
    my ($key, $label, $data) = @_;
    die "refused: too short\n" if length $data < 48;
    my ($body, $tag) = (substr($data, 0, -32), substr($data, -32));
    die "refused: not genuine\n" if sha256($tag) ne sha256(hmac_sha256($label . $body, substr $key, 32));
    return crypt_with($key, substr($body, 0, 16), substr($body, 16));
}

my $socket;
my $said = "";

sub put { my $data = shift; $said .= pack("N/a*", $data); print $socket pack("N/a*", $data); $socket->flush }

sub get {
    read($socket, my $header, 4) == 4 or die "the peer has gone\n";
    my $length = unpack "N", $header;
    die "too long\n" if $length > $limit;
    (read($socket, my $data, $length) // 0) == $length or die "the peer has gone\n";
    return $data;
}

run("", "openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "$folder/own.pem");
my $own = run("", "openssl", "pkey", "-in", "$folder/own.pem", "-pubout");

sub load_peer {
    my $pem = shift;
    $said .= pack("N/a*", $pem);
    my $described = run("", "openssl", "pkey", "-pubin", "-in", save("peer.pem", $pem), "-noout", "-text");
    die "refused: that key is too small\n" unless $described =~ /\((\d+) bit\)/ && $1 >= 2048 && $described =~ /Modulus/;
}

if ($role eq "server") {
    my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 1) or die "cannot listen: $!\n";
    $socket = $listener->accept;
    binmode $socket;
    put(random(16) . $own);
    load_peer(get());
    my ($wrapped, $sealed, $signature) = (get(), get(), get());
    $said .= pack("N/a* N/a*", $wrapped, $sealed);
    verify("client$said", $signature);
    my $key = run($wrapped, "openssl", "pkeyutl", "-decrypt", "-inkey", "$folder/own.pem", @oaep);
    die "refused: no key\n" if length $key != 64;
    print "received: ", unseal($key, "client", $sealed), "\n";
    put(seal($key, "server", $text));
    put(sign("server$said"));
} else {
    $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port) or die "cannot connect: $!\n";
    binmode $socket;
    my $hello = get();
    $said .= pack("N/a*", $hello);
    my $pem = substr $hello, 16;
    {
        # what is said counts with its nonce, the key without
        my $kept = $said;
        load_peer($pem);
        $said = $kept;
    }
    my $key = random(64);
    put($own);
    put(run($key, "openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", "$folder/peer.pem", @oaep));
    put(seal($key, "client", $text));
    my $signature = sign("client$said");
    print $socket pack("N/a*", $signature);
    $socket->flush;
    my $sealed = get();
    $said .= pack("N/a*", $sealed);
    verify("server$said", get());
    print "received: ", unseal($key, "server", $sealed), "\n";
}
