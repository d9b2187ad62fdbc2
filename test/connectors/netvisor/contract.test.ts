import { keepsTheContract } from '../../conformance/keeps-the-contract.ts';
import { netvisorSubject } from './subject.ts';

keepsTheContract('netvisor', netvisorSubject);
