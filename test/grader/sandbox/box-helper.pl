# Starts one program in a box, and acts there on behalf of the grader:
#
#   perl box-helper.pl ARCH SECCOMP FOLDER MEMORY bwrap ARGUMENT...
#
# The helper enters the box's network namespace, but not its process or mount namespace: the program
# can neither see nor kill it. It speaks the protocol of Node's child processes on file descriptor 3
# (one line of JSON per message), so it can pass sockets; the bytes of connections do not go through
# it. It needs only the perl that every Debian has (perl-base).
#
# A command is a string: its name, a number that the answer repeats as "re", and arguments,
# separated by spaces. Addresses and contents are in hexadecimal.
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_WRONLY O_CREAT O_EXCL O_NOFOLLOW O_NONBLOCK O_DIRECTORY);
use Fcntl qw(F_SETFD FD_CLOEXEC F_GETFL F_SETFL S_ISREG);
use Errno qw(EINPROGRESS ENOENT EEXIST);

my ($arch, $seccomp, $folder, $memory, @bwrap) = @ARGV;
my %number = (
  arm64 => {
    sendmsg => 211, setns => 268, mkdirat => 34, symlinkat => 36, dup3 => 24,
    prctl => 167, fstatfs => 44, renameat2 => 276,
  },
  x64 => {
    sendmsg => 46, setns => 308, mkdirat => 258, symlinkat => 266, dup3 => 292,
    prctl => 157, fstatfs => 138, renameat2 => 316,
  },
);
# newer system calls have the same number on every architecture
my %call = (%{ $number{$arch} or die "no system call numbers for $arch\n" },
  pidfd_send_signal => 424, pidfd_open => 434, close_range => 436, openat2 => 437);
use constant {
  IPC => 3, AF_INET => 2, AF_INET6 => 10, AF_NETLINK => 16, AF_PACKET => 17, SOCK_STREAM => 1,
  SOCK_DGRAM => 2, TCP => 6, SIGKILL => 9, SOL_SOCKET => 1, SO_REUSEADDR => 2, SO_ERROR => 4,
  SO_RCVBUF => 8, IPPROTO_IPV6 => 41, IPV6_V6ONLY => 26, MSG_DONTWAIT => 0x40, LOOPBACK => 1,
  SHARED_LIMIT => 65536, FILES_LIMIT => 50_000, WATCH_SECONDS => 0.05,
  HEADERS => 128, CAPTURE_BUFFER => 4 << 20, SEGMENTS_LIMIT => 20_000,
};
# openat2: follow no links, cross no mounts, and stay below the folder
use constant RESOLVE => 0x0f;

# close file descriptors that the caller left open
syscall $call{close_range}, IPC + 1, 0xffffffff, 0;
open my $ipc, '+<&=', IPC or die "no channel: $!\n";
fcntl $ipc, F_SETFD, FD_CLOEXEC;
$SIG{PIPE} = 'IGNORE';

# messages to and from the grader

sub send_message { write_all($_[0] . "\n") }

sub write_all {
  my ($bytes) = @_;
  while (length $bytes) {
    my $sent = syswrite $ipc, $bytes;
    give_up() if !defined $sent;
    substr($bytes, 0, $sent) = '';
  }
}

# Like Node's process.send(message, socket): the socket travels with the first byte.
sub send_socket {
  my ($message, $socket) = @_;
  my $line = qq({"cmd":"NODE_HANDLE","type":"net.Socket","msg":$message}\n);
  my $part = pack 'P Q', $line, length $line;
  my $control = pack 'Q l l l x4', 20, SOL_SOCKET, 1, fileno $socket;
  my $header = pack 'Q L x4 P Q P Q l x4', 0, 0, $part, 1, $control, length $control, 0;
  my $sent = syscall $call{sendmsg}, IPC, $header, 0;
  give_up() if $sent <= 0;
  write_all(substr $line, $sent);
}

my $input = '';

sub receive {
  my $received = sysread $ipc, $input, 65536, length $input;
  give_up() if !$received;
}

# the program

# processes that bwrap leaves behind become children of the helper, which sees when all have ended
syscall $call{prctl}, 36, 1, 0, 0, 0;
pipe my $info_read, my $info_write or die "pipe: $!\n";
pipe my $ready_read, my $ready_write or die "pipe: $!\n";
pipe my $gate_read, my $gate_write or die "pipe: $!\n";
open my $filter, '<', $seccomp or die "$seccomp: $!\n";
my $bwrap = fork // die "fork: $!\n";
if ($bwrap == 0) {
  # the box gets: 4, for bwrap's report; 5, the filter; 6, to report that the box is ready; 7, the
  # gate, at which the program waits until it may start
  my @given = map { fileno $_ } $info_write, $filter, $ready_write, $gate_read;
  syscall $call{dup3}, $given[$_], 40 + $_, 0 for 0 .. 3;
  syscall $call{dup3}, 40 + $_, 4 + $_, 0 for 0 .. 3;
  syscall $call{close_range}, IPC, IPC, 0;
  syscall $call{close_range}, 8, 0xffffffff, 0;
  { exec { $bwrap[0] } @bwrap }
  syswrite STDERR, "$bwrap[0]: $!\n";
  exit 127;
}
close $_ for $info_write, $ready_write, $gate_read, $filter, *STDIN, *STDOUT, *STDERR;
my $bwrap_ends = syscall $call{pidfd_open}, $bwrap, 0;
give_up() if $bwrap_ends < 0;

my $info = '';
while ($info !~ /\}/) { sysread $info_read, $info, 4096, length $info or failed('bwrap ended at once') }
my ($child) = $info =~ /"child-pid": (\d+)/ or failed('bwrap did not report its process');
my $child_fd = syscall $call{pidfd_open}, $child + 0, 0;
failed("pidfd_open: $!") if $child_fd < 0;

# The user namespace comes first: it gives the right to enter the other one, and to configure it.
open my $user, '<', "/proc/$child/ns/user" or failed("opening its user namespace: $!");
open my $net, '<', "/proc/$child/ns/net" or failed("opening its network namespace: $!");
syscall($call{setns}, fileno $user, 0x10000000) == 0 or failed("entering its user namespace: $!");
syscall($call{setns}, fileno $net, 0x40000000) == 0 or failed("entering its network namespace: $!");

my ($ready, $work, $ended) = (0);
my @disks; # folders in memory
my $netlink;
socket $netlink, AF_NETLINK, SOCK_STREAM + 2, 4 or failed("netlink: $!");
my %captures = (4 => open_capture(0x0800), 6 => open_capture(0x86dd));

my @segments;
my (%listeners, %connecting, %sent_file);
my $watch = 0;
for (;;) {
  my ($in, $out) = ('', '');
  vec($in, IPC, 1) = 1;
  vec($in, $bwrap_ends, 1) = 1 if !defined $ended;
  vec($in, fileno $ready_read, 1) = 1 if !$ready && !defined $ended;
  vec($in, fileno $_->{socket}, 1) = 1 for values %listeners;
  vec($in, fileno $_, 1) = 1 for values %captures;
  vec($out, $_, 1) = 1 for keys %connecting;
  my $found = select $in, $out, undef, $watch ? WATCH_SECONDS : undef;
  next if $found < 0;
  capture_segments() if grep { vec($in, fileno $_, 1) } values %captures;
  if (vec($in, IPC, 1)) {
    receive();
    while ($input =~ s/^(.*)\n//) { read_line($1) }
  }
  if (!$ready && !defined $ended && vec($in, fileno $ready_read, 1)) { box_ready() }
  for my $listener (values %listeners) {
    accept_connection($listener) if vec($in, fileno $listener->{socket}, 1);
  }
  for my $number (keys %connecting) { finish_connecting($number) if vec($out, $number, 1) }
  if (!defined $ended && vec($in, $bwrap_ends, 1)) {
    waitpid $bwrap, 0;
    $ended = $? >> 8;
    $watch = 0;
    end_box();
    1 while waitpid(-1, 0) > 0;
    send_message(qq({"event":"exit","status":$ended}));
  }
  check_limits() if $watch;
}

# All processes in the box end with its first one.
sub end_box { syscall $call{pidfd_send_signal}, $child_fd, SIGKILL, 0, 0 if defined $child_fd }

sub give_up {
  end_box();
  kill 'KILL', $bwrap if $bwrap && !defined $ended;
  exit 0;
}

sub failed {
  my ($reason) = @_;
  $reason =~ s/["\\\n]/ /g;
  send_message(qq({"event":"failed","reason":"$reason"}));
  give_up();
}

sub box_ready {
  my $line;
  return if !sysread $ready_read, $line, 16; # bwrap has failed, and reports why itself
  $ready = 1;
  for my $disk (qw(work tmp dev/shm)) {
    open my $root, '<', "/proc/$child/root/$disk" or failed("opening /$disk: $!");
    push @disks, $root;
  }
  my $fd = open_below(fileno $disks[0], $folder, O_RDONLY | O_DIRECTORY);
  failed("opening its folder $folder: $!") if $fd < 0;
  $work = $fd;
  acknowledge_at_once('7f000000', 8);
  acknowledge_at_once('7f000001', 32);
  send_message(qq({"event":"ready","pid":$child}));
}

# Sums up the anonymous and shared memory of all processes in the box, and counts their files.
sub check_limits {
  opendir my $all, "/proc/$child/root/proc" or return;
  my $sum = 0;
  for my $process (grep { /^\d+$/ } readdir $all) {
    open my $status, '<', "/proc/$child/root/proc/$process/status" or next;
    while (<$status>) { $sum += $1 if /^Rss(?:Anon|Shmem):\s*(\d+) kB/ }
  }
  return limit_exceeded('memory') if $sum * 1024 > $memory;
  # an empty file takes kernel memory too
  for my $disk (@disks) {
    my $stat = "\0" x 120;
    syscall($call{fstatfs}, fileno $disk, $stat) == 0 or next;
    my ($all_files, $free_files) = unpack 'x40 Q Q', $stat;
    return limit_exceeded('files') if $all_files - $free_files > FILES_LIMIT;
  }
}

sub limit_exceeded {
  my ($limit) = @_;
  $watch = 0;
  send_message(qq({"event":"limit exceeded","limit":"$limit"}));
  end_box();
}

# commands

sub read_line { obey($1) if $_[0] =~ /^"(.*)"$/ }

sub obey {
  my ($command, $id, @arguments) = split / /, $_[0];
  my $answer = sub { send_message(qq({"re":$id,$_[0]})) };
  my $answer_error = sub { $answer->(qq("error":"$_[0]")) };
  if ($command eq 'scan') { $answer->('"listeners":[' . join(',', scan()) . ']') }
  elsif ($command eq 'connect') { start_connecting($id, @arguments) }
  elsif ($command eq 'listen') { $answer_error->(start_listening(@arguments)) }
  elsif ($command eq 'close') { $answer_error->(stop_listening(@arguments)) }
  elsif ($command eq 'read') { $answer->('"content":' . read_file(@arguments)) }
  elsif ($command eq 'write') { $answer_error->(write_file(@arguments)) }
  elsif ($command eq 'link') { $answer_error->(make_link(@arguments)) }
  elsif ($command eq 'sysctl') { $answer_error->(write_sysctl(@arguments)) }
  elsif ($command eq 'address') { $answer_error->(add_address(@arguments)) }
  elsif ($command eq 'segments') { $answer->('"segments":[' . join(',', take_segments()) . ']') }
  elsif ($command eq 'unread') { $answer->('"bytes":' . unread(@arguments)) }
  elsif ($command eq 'start') { $watch = 1; syswrite $gate_write, "\n" }
  elsif ($command eq 'end') { end_box() }
}

# Changes a setting of the network namespace: its path below /proc/sys/net, and the value.
sub write_sysctl {
  my ($path, $value) = map { pack 'H*', $_ } @_;
  open my $file, '>', "/proc/sys/net/$path" or return "$!";
  syswrite $file, $value or return "$!";
  return '';
}

# Adds an IPv4 address: netdevice(7), on an alias of the loopback interface.
my $aliases = 0;
sub add_address {
  my $request = pack 'a16 S n a4 x16', 'lo:' . $aliases++, AF_INET, 0, pack 'H*', $_[0];
  socket my $socket, AF_INET, SOCK_STREAM + 1, 0 or return "$!";
  ioctl $socket, 0x8916, $request or return "$!";
  acknowledge_at_once($_[0], 32);
  return '';
}

# Two writes of a program must not be joined before they are sent. Its system joins them while an
# acknowledgement is missing (Nagle's algorithm, RFC 9293 section 3.7.4), so no acknowledgement to
# this address is delayed: rtnetlink(7), RTM_NEWROUTE in the table "local". A kernel that refuses
# delays them as usual.
sub acknowledge_at_once {
  my ($address, $bits) = @_;
  my $bytes = pack 'H*', $address;
  my $metrics = pack 'SSL', 8, 15, 1; # RTAX_QUICKACK
  my $attributes = pack('SS a4', 8, 1, $bytes) . pack('SSL', 8, 4, LOOPBACK)
    . pack('SS', 4 + length $metrics, 8) . $metrics;
  my $route = pack('CCCC CCCC L', AF_INET, $bits, 0, 0, 255, 2, 254, 2, 0) . $attributes;
  socket my $socket, AF_NETLINK, SOCK_STREAM + 2, 0 or return;
  send $socket, pack('LSSLL', 16 + length $route, 24, 0x505, 0, 0) . $route, 0, pack('SSLL', AF_NETLINK, 0, 0, 0);
  recv $socket, my $answer, 4096, 0;
}

# Returns all listening sockets except the helper's own: inet_diag, sock_diag(7).
sub scan {
  my %own = map { $_->{inode} => 1 } values %listeners;
  my @found;
  for my $family (AF_INET, AF_INET6) {
    my $request = pack('LSSLL CCCCL', 72, 20, 0x301, 1, 0, $family, TCP, 0, 0, 1 << 10) . "\0" x 48;
    send $netlink, $request, 0, pack('SSLL', AF_NETLINK, 0, 0, 0) or failed("inet_diag: $!");
    ANSWER: for (;;) {
      defined recv $netlink, my $answer, 65536, 0 or failed("inet_diag: $!");
      while (length $answer >= 16) {
        my ($length, $type) = unpack 'LS', $answer;
        last ANSWER if $type == 3;
        failed('the kernel has no inet_diag') if $type == 2;
        my $port = unpack 'n', substr $answer, 20, 2;
        my $address = unpack 'H*', substr $answer, 24, $family == AF_INET ? 4 : 16;
        my $inode = unpack 'L', substr $answer, 84, 4;
        my $only6 = 0;
        my $attributes = $length > 88 ? substr $answer, 88, $length - 88 : '';
        while (length $attributes >= 4) {
          my ($size, $kind) = unpack 'SS', $attributes;
          $only6 = unpack 'C', substr $attributes, 4, 1 if $kind == 11;
          last if $size < 4 || ($size + 3 & ~3) > length $attributes;
          substr($attributes, 0, $size + 3 & ~3) = '';
        }
        push @found, qq(["$address",$port,$only6]) if !$own{$inode};
        last if ($length + 3 & ~3) > length $answer;
        substr($answer, 0, $length + 3 & ~3) = '';
      }
    }
  }
  return @found;
}

# Copies of the packets of one protocol, with their IP headers: packet(7).
sub open_capture {
  my ($protocol) = @_;
  socket my $socket, AF_PACKET, SOCK_DGRAM, unpack('S', pack 'n', $protocol) or failed("capture: $!");
  setsockopt $socket, SOL_SOCKET, SO_RCVBUF, CAPTURE_BUFFER;
  return $socket;
}

# Notes where each segment of TCP ends: a socket tells only the bytes.
sub capture_segments {
  while (my ($version, $socket) = each %captures) {
    while (defined recv $socket, my $packet, HEADERS, MSG_DONTWAIT) {
      my ($protocol, $at, $length) = $version == 4
        ? (unpack('x9 C', $packet), 4 * (ord($packet) & 15), unpack 'x2 n', $packet)
        : (unpack('x6 C', $packet), 40, 40 + unpack 'x4 n', $packet);
      next if $protocol != TCP || length $packet < $at + 20;
      my ($from, $to, $sequence, $offset, $flags) = unpack 'n n N x4 C C', substr $packet, $at, 20;
      $length -= $at + 4 * ($offset >> 4);
      my $is_first = $flags >> 1 & 1;
      push @segments, "[$from,$to,$sequence,$length,$is_first]" if $length || $is_first;
    }
  }
  splice @segments, 0, @segments - SEGMENTS_LIMIT if @segments > SEGMENTS_LIMIT;
}

sub take_segments {
  capture_segments();
  return splice @segments;
}

# Returns how many bytes of a connection are on their way from the first address to the second, or
# wait there to be read.
sub unread {
  my ($address, $port, $other, $other_port) = @_;
  my $written = queues($address, $port, $other, $other_port);
  my $received = queues($other, $other_port, $address, $port);
  return ($written ? $written->[1] : 0) + ($received ? $received->[0] : 0);
}

# Returns the lengths of the receive and the send queue of one socket: inet_diag, sock_diag(7).
sub queues {
  my ($address, $port, $other, $other_port) = @_;
  my $family = length $address == 8 ? AF_INET : AF_INET6;
  my $request = pack('LSSLL CCCCL', 72, 20, 1, 1, 0, $family, TCP, 0, 0, 0xfff)
    . pack('n n a16 a16 L L L', $port, $other_port, pack('H*', $address), pack('H*', $other), 0, -1, -1);
  send $netlink, $request, 0, pack('SSLL', AF_NETLINK, 0, 0, 0) or failed("inet_diag: $!");
  defined recv $netlink, my $answer, 65536, 0 or failed("inet_diag: $!");
  my ($type, $state) = unpack 'x4 S x11 C', $answer;
  # for want of the connection the kernel answers with the listener, whose queues count connections
  return $type == 20 && $state != 10 ? [unpack 'x72 L L', $answer] : undef;
}

sub socket_address {
  my ($address, $port) = @_;
  my $bytes = pack 'H*', $address;
  return length $bytes == 4
    ? pack('S n a4 x8', AF_INET, $port, $bytes)
    : pack('S n N a16 L', AF_INET6, $port, 0, $bytes, 0);
}

sub address_and_port {
  my ($name) = @_;
  return unpack('S', $name) == AF_INET
    ? (unpack 'x2 n H8', $name)[1, 0]
    : (unpack 'x2 n x4 H32', $name)[1, 0];
}

sub make_socket {
  my ($address) = @_;
  socket my $socket, length $address == 8 ? AF_INET : AF_INET6, SOCK_STREAM, TCP or return;
  setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
  fcntl $socket, F_SETFL, O_NONBLOCK;
  return $socket;
}

sub start_listening {
  my ($address, $port, $only6) = @_;
  my $socket = make_socket($address) or return "$!";
  setsockopt $socket, IPPROTO_IPV6, IPV6_V6ONLY, $only6 + 0 if length $address == 32;
  bind $socket, socket_address($address, $port) or return "$!";
  listen $socket, 128 or return "$!";
  my $inode = (stat $socket)[1];
  $listeners{"$address $port"} = { socket => $socket, inode => $inode };
  return '';
}

sub stop_listening {
  my ($address, $port) = @_;
  delete $listeners{"$address $port"};
  return '';
}

sub accept_connection {
  my ($listener) = @_;
  my $from = accept my $socket, $listener->{socket} or return;
  my ($address, $port) = address_and_port(getsockname $socket);
  my ($from_address, $from_port) = address_and_port($from);
  my $to = qq("address":"$address","port":$port);
  send_socket(qq({"event":"connection",$to,"from":"$from_address","fromPort":$from_port}), $socket);
}

sub start_connecting {
  my ($id, $address, $port, $from, $from_port) = @_;
  my $refuse = sub { send_message(qq({"re":$id,"error":"$_[0]"})) };
  my $socket = make_socket($address) or return $refuse->("$!");
  if ($from_port) { bind $socket, socket_address($from, $from_port) or return $refuse->("$!") }
  if (!connect $socket, socket_address($address, $port)) {
    return $refuse->("$!") if $! != EINPROGRESS;
  }
  $connecting{ fileno $socket } = { socket => $socket, id => $id };
}

sub finish_connecting {
  my ($number) = @_;
  my ($socket, $id) = @{ delete $connecting{$number} }{qw(socket id)};
  my $error = unpack 'l', getsockopt $socket, SOL_SOCKET, SO_ERROR;
  if ($error) { $! = $error; return send_message(qq({"re":$id,"error":"$!"})) }
  send_socket(qq({"re":$id}), $socket);
}

# files in the box's folder

# Returns a file descriptor, or -1.
sub open_below {
  my ($at, $path, $flags, $mode) = @_;
  my $how = pack 'Q Q Q', $flags | 02000000, $mode // 0, RESOLVE;
  return syscall $call{openat2}, $at, "$path", $how, length $how;
}

# Returns a handle that closes `fd` when it goes out of scope.
sub as_handle {
  my ($fd) = @_;
  return if $fd < 0;
  my $handle;
  return open($handle, '+<&=', $fd) ? $handle : undef;
}

# Returns the content of a small regular file as JSON: null if there is none or it has not changed
# since the last time, false if it is gone.
sub read_file {
  my $name = pack 'H*', $_[0];
  my $file = as_handle(open_below($work, $name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
    or return defined delete $sent_file{$name} ? 'false' : 'null';
  my ($mode, $size) = (stat $file)[2, 7];
  return 'null' if !S_ISREG($mode) || $size > SHARED_LIMIT;
  sysread $file, my $content, SHARED_LIMIT;
  return 'null' if defined $sent_file{$name} && $sent_file{$name} eq $content;
  $sent_file{$name} = $content;
  return '"' . unpack('H*', $content) . '"';
}

# Returns the last part of a path, its folder, and the handles that keep that open; makes missing
# folders.
sub folder_of {
  my @folders = split m{/}, $_[0];
  my $last = pop @folders;
  my $at = $work;
  my @held;
  for my $part (@folders) {
    my $next = open_below($at, $part, O_RDONLY | O_DIRECTORY);
    if ($next < 0 && $! == ENOENT) {
      syscall $call{mkdirat}, $at, $part, 0755;
      $next = open_below($at, $part, O_RDONLY | O_DIRECTORY);
    }
    push @held, as_handle($next) // return;
    $at = $next;
  }
  return ($last, $at, @held);
}

# Makes a symbolic link; the helper itself never follows one.
sub make_link {
  my ($name, $target) = map { pack 'H*', $_ } @_;
  my ($last, $at, @held) = folder_of($name) or return "$!";
  syscall($call{symlinkat}, $target, $at, $last) == 0 or return "$!";
  return '';
}

# Replaces a file atomically; makes missing folders.
sub write_file {
  my ($name, $content) = map { pack 'H*', $_ } @_;
  my $mode = $_[2] + 0;
  my ($last, $at, @held) = folder_of($name) or return "$!";
  my $temporary = ".written-$$";
  my $flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  my $file = as_handle(open_below($at, $temporary, $flags, $mode)) or return "$!";
  syswrite $file, $content;
  close $file;
  syscall($call{renameat2}, $at, $temporary, $at, $last, 0) == 0 or return "$!";
  $sent_file{$name} = $content;
  return '';
}
